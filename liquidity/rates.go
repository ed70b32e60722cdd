package liquidity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// Pace of the rates topic: a changed rate is told at most once per ratesLeast, an
// unchanged one again after ratesMost.
const (
	ratesLeast = 500 * time.Millisecond
	ratesMost  = 5 * time.Second
)

// rates publishes the newest indicative rate of each pair.
type rates struct {
	desk      *Desk
	publisher *bus.Publisher
	log       *slog.Logger
	told      map[asset.Pair]swap.Rate
}

// run publishes until ctx ends. What could not be published is tried again at the
// next turn, with what is true then.
func (r *rates) run(ctx context.Context) error {
	ticker := time.NewTicker(ratesLeast)
	defer ticker.Stop()
	for {
		for _, c := range r.desk.config.Pairs {
			r.tell(ctx, c)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (r *rates) tell(ctx context.Context, c PairConfig) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	rate, err := r.desk.Rate(ctx, c)
	if err != nil {
		if ctx.Err() == nil {
			r.log.ErrorContext(ctx, "rate can't be computed", "pair", c.Pair.String(), "error", err)
		}
		rate.Unavailable = "Ferry can't price swaps right now."
	}
	if !due(r.told[c.Pair], rate) {
		return
	}
	if err := r.publisher.Publish(ctx, bus.TopicRates, c.Pair.String(), bus.KindRate, rate); err != nil {
		if ctx.Err() == nil {
			r.log.WarnContext(ctx, "rate was not published, will try again", "pair", c.Pair.String(), "error", err)
		}
		return
	}
	r.told[c.Pair] = rate
}

// due reports whether next is worth telling after last.
func due(last, next swap.Rate) bool {
	if next.At.Sub(last.At) >= ratesMost {
		return true
	}
	last.At = next.At
	return last != next
}

// Rate is the pair's indicative rate now. Where no quote would be given it says
// why, with the configured limits. After an error the rate is usable but for its
// Unavailable, which the caller must set.
func (d *Desk) Rate(ctx context.Context, c PairConfig) (swap.Rate, error) {
	rate := swap.Rate{Pair: c.Pair, Min: c.Min, Max: c.Max, NetworkFee: d.config.Fees[c.Pair.To].Network, At: swap.Millis(d.now())}
	t, err := d.terms(c)
	if err != nil {
		return unavailable(rate, err)
	}
	price, err := t.pricing.Ratio.Less(c.FeeBPS).Text(c.Pair)
	if err != nil {
		return rate, err
	}
	num, err := asset.UnitsFromBig(t.pricing.Ratio.Num)
	if err != nil {
		return rate, fmt.Errorf("ratio of %s: %w", c.Pair, err)
	}
	den, err := asset.UnitsFromBig(t.pricing.Ratio.Den)
	if err != nil {
		return rate, fmt.Errorf("ratio of %s: %w", c.Pair, err)
	}
	reserved, err := d.store.Reserved(ctx, c.Pair.To, t.payout.At)
	if err != nil {
		return rate, err
	}
	limits, err := t.limits(minus(t.payout.Available, reserved))
	if err != nil {
		return rate, err
	}
	if limits.Max.Units.Less(limits.Min.Units) {
		return unavailable(rate, noLiquidity(c.Pair.To))
	}
	rate.Price, rate.Min, rate.Max = price, limits.Min, limits.Max
	rate.RatioNum, rate.RatioDen, rate.FeeBPS = num, den, c.FeeBPS
	return rate, nil
}

// unavailable turns a refusal into the rate's sentence; other errors stay errors.
func unavailable(rate swap.Rate, err error) (swap.Rate, error) {
	var refusal *swap.Error
	if !errors.As(err, &refusal) {
		return rate, err
	}
	rate.Unavailable = refusal.Message
	return rate, nil
}
