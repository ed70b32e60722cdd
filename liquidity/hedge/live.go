package hedge

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"ferry/swap/asset"
)

// Policies are what of a Config changes while hedging goes on; each field is Config's.
type Policies struct {
	Assets  map[asset.ID]Policy
	SlipBPS int64
}

// Policies are the configuration's.
func (c Config) Policies() Policies { return Policies{Assets: c.Assets, SlipBPS: c.SlipBPS} }

// Validate reports everything that is wrong, with what to set.
func (p Policies) Validate() error {
	var errs []error
	if len(p.Assets) == 0 {
		errs = append(errs, errors.New("no asset is to be hedged"))
	}
	for _, id := range slices.Sorted(maps.Keys(p.Assets)) {
		if err := p.Assets[id].validate(id); err != nil {
			errs = append(errs, err)
		}
	}
	if p.SlipBPS < 1 || p.SlipBPS > SlipMost {
		errs = append(errs, fmt.Errorf("a price of %d basis points from the fair one is not from 1 to %d", p.SlipBPS, SlipMost))
	}
	return errors.Join(errs...)
}

// current is the configuration of now. What is done in one go is done by one of them.
func (h *Hedger) current() Config {
	c := h.config
	if live := h.live.Load(); live != nil {
		c.Assets, c.SlipBPS = live.Assets, live.SlipBPS
	}
	return c
}

// Prepare checks other policies for the same assets, with the same instruments and targets:
// what is hedged, and to where, is that of the start. take then has the next round and the
// next updates go by them; what an update has booked and orders that are open stay as they
// are.
func (h *Hedger) Prepare(p Policies) (take func(), err error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	same := func(a, b Policy) bool { return a.Instrument == b.Instrument && a.Target.Cmp(b.Target) == 0 }
	if !maps.EqualFunc(p.Assets, h.config.Assets, same) {
		return nil, errors.New("other assets, instruments or targets than those that hedging began with")
	}
	p.Assets = maps.Clone(p.Assets)
	return func() { h.live.Store(&p) }, nil
}
