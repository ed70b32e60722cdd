package liquidity

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
)

// desks is the desk of now: another configuration is another desk, so that whoever began
// with one ends with it.
type desks struct {
	// gate keeps the desk and what the market judges by together while a price is made of both.
	gate    sync.RWMutex
	current atomic.Pointer[Desk]
}

func newDesks(d *Desk) *desks {
	var all desks
	all.current.Store(d)
	return &all
}

// now is the desk for what makes no price.
func (d *desks) now() *Desk { return d.current.Load() }

// price has a price made by the desk of now, with the market as that desk has it.
func (d *desks) price(do func(*Desk)) {
	d.gate.RLock()
	defer d.gate.RUnlock()
	do(d.now())
}

// pricing is price for what may fail.
func (d *desks) pricing(do func(*Desk) error) (err error) {
	d.price(func(desk *Desk) { err = do(desk) })
	return err
}

// lock is Desk.Lock: priced at one moment, and booked after it.
func (d *desks) lock(ctx context.Context, r Request) (string, error) {
	var desk *Desk
	var p priced
	err := d.pricing(func(now *Desk) (err error) {
		desk = now
		p, err = now.priced(r)
		return err
	})
	if err != nil {
		return "", err
	}
	return desk.book(ctx, p.terms, p.quote, p.field, r.Client)
}

// change puts another desk in the place of the one of now, and has the market judge by its
// configuration, between two prices.
func (d *desks) change(next *Desk) {
	d.gate.Lock()
	defer d.gate.Unlock()
	d.current.Store(next)
	next.market.apply(next.config.Market)
}

// Reconfigure takes over another policy and other subscriptions while the engine runs.
// Each call and each rate follows from one of the two configurations; quotes that were
// given stay as they are. Books are subscribed to and dropped without a gap in prices:
// Pending lists what is not done yet. After an error nothing has changed.
//
// Fees, windows and staleness limits are those of the start. Only one call at a time.
func (e *Engine) Reconfigure(c Config, want []Subscription) error {
	if e.open == nil {
		return errors.New("liquidity: what is subscribed to can't be changed without a way to open it")
	}
	if err := c.Validate(); err != nil {
		return fmt.Errorf("liquidity configuration: %w", err)
	}
	if err := covered(c, want); err != nil {
		return err
	}
	change, err := e.market.prepare(want, e.open)
	if err != nil {
		return err
	}
	e.desks.change(e.desks.now().with(c))
	e.market.commit(change)
	return nil
}

// with is a desk of another configuration that has all else in common.
func (d *Desk) with(c Config) *Desk {
	next := &Desk{config: c, market: d.market, funds: d.funds, store: d.store, drawdown: d.drawdown, key: d.key, keys: d.keys, attestKeys: d.attestKeys, now: d.now,
		stock: inventory{store: d.stock.store, funds: d.stock.funds, hedges: d.stock.hedges, targets: c.Market.Targets}}
	d.stock.mu.RLock()
	defer d.stock.mu.RUnlock()
	next.stock.held, next.stock.exposure = maps.Clone(d.stock.held), d.stock.exposure
	return next
}

// covered reports an open pair that no subscription prices.
func covered(c Config, want []Subscription) error {
	m := &Market{}
	for _, w := range want {
		if m.forumOf(w.Instrument.String()) == nil {
			m.fora = append(m.fora, &forum{instrument: w.Instrument})
		}
	}
	return m.coversAll(c)
}

func (m *Market) coversAll(c Config) error {
	for _, p := range c.Pairs {
		if p.Stopped == "" && !m.covers(p.Pair) {
			return fmt.Errorf("no source prices pair %s", p.Pair)
		}
	}
	return nil
}

// openMarket is the market of all sources and subscriptions there are at the start.
func openMarket(c Config, p Parts) (*Market, error) {
	market, err := NewMarket(p.Now, p.Sources...)
	if err != nil {
		return nil, err
	}
	market.changes = p.Open != nil
	market.apply(c.Market)
	change, err := market.prepare(p.Subscriptions, p.Open)
	if err != nil {
		return nil, err
	}
	if len(p.Subscriptions) > 0 {
		market.commit(change)
	}
	return market, market.coversAll(c)
}
