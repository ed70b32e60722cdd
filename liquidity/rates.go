package liquidity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
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
	desks     *desks
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
		desk := r.desks.now()
		err := desk.takeStock(ctx)
		if err != nil && ctx.Err() == nil {
			r.log.ErrorContext(ctx, "promises can't be summed", "error", err)
		}
		for _, c := range desk.config.Pairs {
			r.tell(ctx, c.Pair, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// tell publishes a pair's rate if it is worth it; stock is why the promises are not known.
func (r *rates) tell(ctx context.Context, p asset.Pair, stock error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var rate swap.Rate
	err := r.desks.pricing(func(d *Desk) error {
		c, err := d.pair(p)
		if err == nil {
			rate, err = d.Rate(c)
		}
		return err
	})
	if stock != nil {
		rate.Unavailable = "Ferry can't price swaps right now."
	}
	if err != nil {
		if ctx.Err() == nil {
			r.log.ErrorContext(ctx, "rate can't be computed", "pair", p.String(), "error", err)
		}
		rate.Unavailable = "Ferry can't price swaps right now."
	}
	if !due(r.told[p], rate) {
		return
	}
	if err := r.publisher.Publish(ctx, bus.TopicRates, p.String(), bus.KindRate, rate); err != nil {
		if ctx.Err() == nil {
			r.log.WarnContext(ctx, "rate was not published, will try again", "pair", p.String(), "error", err)
		}
		return
	}
	r.told[p] = rate
}

// due reports whether next is worth telling after last.
func due(last, next swap.Rate) bool {
	if next.At.Sub(last.At) >= ratesMost {
		return true
	}
	last.At = next.At
	return !reflect.DeepEqual(last, next)
}

// takeStock reads what is promised of each asset.
func (d *Desk) takeStock(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var assets []asset.ID
	for id := range d.config.Fees {
		assets = append(assets, id)
	}
	slices.Sort(assets)
	return d.stock.read(ctx, assets)
}

// Rate is the pair's indicative rate now. Where no quote would be given it says
// why, with the configured limits. After an error the rate is usable but for its
// Unavailable, which the caller must set.
func (d *Desk) Rate(c PairConfig) (swap.Rate, error) {
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
	bounds, measured := d.bounds(t), d.stock.measure(c.Pair)
	limits, err := t.limits(bounds.free(measured))
	if err != nil {
		return rate, err
	}
	if limits.Max.Units.Less(limits.Min.Units) {
		return unavailable(rate, noLiquidity(c.Pair.To))
	}
	if !c.RiskMost.IsZero() {
		left := bounds.leftAtRisk(measured.Risk)
		if left.Less(limits.Min.Units) {
			return unavailable(rate, t.risky(left, fieldDeposit))
		}
		limits.Max.Units = smaller(limits.Max.Units, left)
	}
	rate.Price, rate.Min, rate.Max = price, limits.Min, limits.Max
	rate.RatioNum, rate.RatioDen, rate.FeeBPS, rate.Curve = num, den, c.FeeBPS, t.pricing.Curve
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

// Rates are the pairs' as they stand now, for operators: one that could not be computed says so
// as one that is not available.
func (e *Engine) Rates() (list []swap.Rate) {
	e.desks.price(func(d *Desk) {
		for _, c := range d.config.Pairs {
			rate, err := d.Rate(c)
			if err != nil {
				rate.Unavailable = err.Error()
			}
			list = append(list, rate)
		}
	})
	return list
}
