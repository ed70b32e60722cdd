package hedge

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/sync/errgroup"

	"ferry/liquidity"
	"ferry/liquidity/trade"
)

// hedge trades an asset's excess away.
func (h *Hedger) hedge(ctx context.Context, c Config, p Position, policy Policy) error {
	excess := policy.Excess(p.Units)
	if excess.Sign() == 0 {
		return nil
	}
	bid, ask, ok := h.Fair(policy.Instrument)
	if !ok {
		return nil // the pair's own alarm says why; nothing is traded without a fair price
	}
	orders, err := h.plan(ctx, c, p, policy, excess, middle(bid, ask))
	if err != nil || len(orders) == 0 {
		return err
	}
	return h.place(ctx, p, orders)
}

// plan reads the venues' books and shares the trade out to them. Where nothing comes of that, its
// error names each venue with its reason.
func (h *Hedger) plan(ctx context.Context, c Config, p Position, policy Policy, excess *big.Int, fair uint64) ([]Intent, error) {
	i := policy.Instrument
	side, size := demand(i, p.Asset, excess, fair)
	offers, problems := h.offers(ctx, i, side)
	for n, o := range offers {
		if offers[n].Levels = Believed(side, fair, h.betterBPS(c, h.Venues[n]), o.Levels); len(o.Levels) > 0 && len(offers[n].Levels) == 0 {
			problems[n] = fmt.Errorf("its best price %d is too good beside the fair one, %d", o.Levels[0].Price, fair)
		}
	}
	pieces := Split(i, side, size, limitOf(side, fair, c.SlipBPS), offers)
	now := h.Now()
	var orders []Intent
	for _, piece := range pieces {
		orders = append(orders, Intent{Venue: piece.Venue, Asset: p.Asset, Mark: fair, At: now, Order: trade.Order{
			ClientID: clientID(p.Asset, p.Round+1, piece.Venue), Instrument: i, Side: side, Size: piece.Size, Price: piece.Price,
			Deadline: now.Add(c.OrderFor).Truncate(time.Millisecond)}})
	}
	if len(orders) > 0 {
		return orders, nil // what the others would have offered is not waited for
	}
	for n, v := range h.Venues {
		if problems[n] == nil {
			problems[n] = fmt.Errorf("nothing within %d basis points of the fair price, %d, that is as much as it takes", c.SlipBPS, fair)
		}
		problems[n] = fmt.Errorf("%s: %w", v.Name(), problems[n])
	}
	return nil, fmt.Errorf("%s %s for %s is offered by no venue: %w", side, i, p.Asset, errors.Join(problems...))
}

// betterBPS is how much better than the fair price a venue may be, in basis points. What pricing
// believes of a book in a lively market is believed here: it is then where to trade.
func (h *Hedger) betterBPS(c Config, v Trader) int64 {
	if v.Judged && h.Trusts != nil {
		return max(c.SlipBPS, liquidity.OutlierMostBPS)
	}
	return c.SlipBPS
}

// Why a venue is not asked.
var (
	errPaused    = errors.New("left alone for a while, as it did not answer or refused")
	errUntrusted = errors.New("swaps are not priced from its book now: it is not followed, lost, stale or too far from the others")
)

// offers asks all venues that are not paused and may be believed, at once. A venue that does not
// answer offers nothing; the problems are the venues', in their order.
func (h *Hedger) offers(ctx context.Context, i liquidity.Instrument, side trade.Side) ([]Offer, []error) {
	offers, problems := make([]Offer, len(h.Venues)), make([]error, len(h.Venues))
	var group errgroup.Group
	for n, v := range h.Venues {
		if h.isPaused(v.Name()) {
			problems[n] = errPaused
			continue
		}
		if h.Trusts != nil && !h.Trusts(v.Name(), i) {
			problems[n] = errUntrusted
			continue
		}
		group.Go(func() error {
			offers[n], problems[n] = h.offer(ctx, v, i, side)
			return nil
		})
	}
	_ = group.Wait() // never an error
	return offers, problems
}

func (h *Hedger) offer(ctx context.Context, v Trader, i liquidity.Instrument, side trade.Side) (Offer, error) {
	rules, err := h.rulesOf(ctx, v, i)
	if err != nil {
		return Offer{}, err
	}
	depth, err := v.Depth(ctx, i)
	if err != nil {
		return Offer{}, err
	}
	levels := depth.Bids
	if side == trade.Buy {
		levels = depth.Asks
	}
	return Offer{Venue: v.Name(), Levels: levels, Rules: rules, FeeBPS: v.FeeBPS}, nil
}

// rulesOf asks a venue for its rules once; a venue that refuses an order is asked again.
func (h *Hedger) rulesOf(ctx context.Context, v Trader, i liquidity.Instrument) (trade.Rules, error) {
	key := v.Name() + " " + i.String()
	h.mu.Lock()
	rules, known := h.rules[key]
	h.mu.Unlock()
	if known {
		return rules, nil
	}
	rules, err := v.Rules(ctx, i)
	if err != nil {
		return rules, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rules[key] = rules
	return rules, nil
}
