package hedge

import (
	"context"
	"fmt"
	"math/big"
	"sync"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// Direction is which way treasury is to move something.
type Direction string

// The directions: from the hot wallet to a venue, and back.
const (
	ToVenue   Direction = "deposit"
	FromVenue Direction = "withdrawal"
)

// VenueBand is what an account at a venue should hold of an asset, in base units.
type VenueBand struct{ Least, Most asset.Units }

// Proposal asks treasury to move an amount. Nothing acts on it by itself.
type Proposal struct {
	Venue     string
	Direction Direction
	Amount    asset.Amount
	Reason    string
}

// Propose is what would bring an account to the middle of its band, if it is outside. No more
// than the hot wallet can spare is proposed to be deposited; false where there is nothing to
// propose.
func (b VenueBand) Propose(venue string, id asset.ID, has, spare asset.Units) (Proposal, bool) {
	least, most := b.Least.Big(), b.Most.Big()
	middle := new(big.Int).Add(least, most)
	middle.Rsh(middle, 1)
	p := Proposal{Venue: venue, Direction: ToVenue}
	move := new(big.Int)
	told := func(u asset.Units) string { return asset.Amount{Asset: id, Units: u}.String() }
	switch {
	case has.Less(b.Least):
		move.Sub(middle, has.Big())
		if limit := spare.Big(); move.Cmp(limit) > 0 {
			move = limit
		}
		p.Reason = fmt.Sprintf("%s has %s, less than %s", venue, told(has), told(b.Least))
	case b.Most.Less(has):
		p.Direction = FromVenue
		move.Sub(has.Big(), middle)
		p.Reason = fmt.Sprintf("%s has %s, more than %s", venue, told(has), told(b.Most))
	}
	units, err := asset.UnitsFromBig(move)
	if err != nil || units.IsZero() {
		return Proposal{}, false
	}
	p.Amount = asset.Amount{Asset: id, Units: units}
	return p, true
}

// wallets hold the hot wallet's newest word on each asset.
type wallets struct {
	mu        sync.Mutex
	available map[asset.ID]swap.Balance
}

// take applies a record of bus.TopicBalances; a halted wallet can spare nothing.
func (w *wallets) take(r bus.Record) {
	b, err := bus.Decode[swap.Balance](r)
	if err != nil {
		return // the engine's own follower of the topic logs it
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if had, ok := w.available[b.Asset]; ok && b.At.Before(had.At) {
		return
	}
	w.available[b.Asset] = b
}

func (w *wallets) spare(id asset.ID) asset.Units {
	w.mu.Lock()
	defer w.mu.Unlock()
	if b := w.available[id]; b.Halted == "" {
		return b.Available
	}
	return asset.Units{}
}

// propose looks at all accounts now and then, until ctx ends.
func (h *Hedger) propose(ctx context.Context) {
	if len(h.config.VenueBands) == 0 {
		return
	}
	ticker := time.NewTicker(h.config.ProposeEvery)
	defer ticker.Stop()
	for {
		for _, v := range h.Venues {
			if err := h.Propose(ctx, v); err != nil && ctx.Err() == nil {
				h.Log.WarnContext(ctx, "no proposals could be made, will try again", "venue", v.Name(), "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Propose stores what is to be moved to or from a venue, in place of what was before. A venue
// that holds nothing for anybody, as a dealer, has no proposals.
func (h *Hedger) Propose(ctx context.Context, v Trader) error {
	balances, err := v.Balances(ctx)
	if err != nil || len(balances) == 0 {
		return err
	}
	var list []Proposal
	for _, a := range asset.All() {
		band, ok := h.config.VenueBands[a.ID]
		if !ok {
			continue
		}
		if p, ok := band.Propose(v.Name(), a.ID, balances[a.ID], h.wallets.spare(a.ID)); ok {
			list = append(list, p)
		}
	}
	return h.Store.Propose(ctx, v.Name(), list, h.Now())
}
