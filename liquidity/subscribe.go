package liquidity

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Subscription is a book that is wanted: an instrument at a venue.
type Subscription struct {
	Venue      string
	Instrument Instrument
	// Generation is raised to have the connection made anew.
	Generation int64
}

// How what is subscribed to is changed.
const (
	// changeMost is how long a book that is not wanted any more is kept where the price
	// would be lost without it.
	changeMost  = time.Minute
	settleEvery = 250 * time.Millisecond
)

// subscribing is a change of what is subscribed to that can be made: all it takes is open.
type subscribing struct {
	want   []Subscription
	opened []*stall
	of     []Subscription
}

// prepare opens what is wanted and not there. It changes nothing yet.
func (m *Market) prepare(want []Subscription, open func(Subscription) (Source, error)) (subscribing, error) {
	change := subscribing{want: want}
	for i, w := range want {
		if err := w.Instrument.Validate(); err != nil {
			return change, err
		}
		if slices.ContainsFunc(want[:i], func(x Subscription) bool { return x.Venue == w.Venue && x.Instrument == w.Instrument }) {
			return change, fmt.Errorf("%s is subscribed to twice at %s", w.Instrument, w.Venue)
		}
		if there, err := m.has(w); err != nil {
			return change, err
		} else if there {
			continue
		}
		source, err := open(w)
		if err != nil {
			return change, fmt.Errorf("venue %s: %s: %w", w.Venue, w.Instrument, err)
		}
		if source.StaleAfter() <= 0 || source.Name() != w.Venue || source.Instrument() != w.Instrument {
			return change, fmt.Errorf("venue %s: %s: the source is of another book, or has no staleness limit", w.Venue, w.Instrument)
		}
		change.opened, change.of = append(change.opened, &stall{source: source, generation: w.Generation}), append(change.of, w)
	}
	return change, nil
}

// has reports whether a book is followed, or begins to be.
func (m *Market) has(w Subscription) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.forumOf(w.Instrument.String())
	if f == nil {
		return false, nil
	}
	if f.instrument != w.Instrument {
		return false, fmt.Errorf("instrument %s is counted in other ticks by %s than by another venue", w.Instrument, w.Venue)
	}
	return slices.ContainsFunc(slices.Concat(f.stalls, f.joining), w.is), nil
}

// is reports whether a stall is what is wanted.
func (w Subscription) is(s *stall) bool {
	return s.source.Name() == w.Venue && s.source.Instrument() == w.Instrument && s.generation == w.Generation
}

// commit makes a change begin. A new book is priced from once it is there and fits in; what
// is not wanted any more is dropped as soon as there is a price without it.
func (m *Market) commit(change subscribing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for _, f := range m.fora {
		f.leave(change.want, now)
	}
	for i, s := range change.opened {
		f := m.forumOf(change.of[i].Instrument.String())
		if f == nil {
			f = &forum{instrument: change.of[i].Instrument, config: m.config, lively: priorVolatility(m.config.DayMovePPM), seen: priorVolatility(m.config.DayMovePPM)}
			m.fora = append(m.fora, f)
		}
		f.joining = append(f.joining, s)
		if m.follow != nil {
			m.follow(f, s)
		}
	}
	for _, f := range m.fora {
		wanted := 0
		for _, w := range change.want {
			if w.Instrument == f.instrument {
				wanted++
			}
		}
		f.floor = min(max(len(f.stalls), f.floor), wanted)
		if wanted == 0 {
			f.close()
		}
		if len(f.stalls) == 0 {
			f.begin()
		}
		f.settle(now)
	}
	m.fora = slices.DeleteFunc(m.fora, func(f *forum) bool { return len(f.stalls) == 0 && len(f.joining) == 0 })
}

// run follows all sources until ctx ends, and those that come later where any may.
func (m *Market) run(ctx context.Context, group *errgroup.Group) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.follow = func(f *forum, s *stall) {
		ctx, cancel := context.WithCancel(ctx)
		s.stop = cancel
		group.Go(func() error {
			defer cancel()
			if err := s.source.Stream(ctx, func(t Top) { m.take(f, s, t) }); err != nil {
				return fmt.Errorf("source of %s: %w", f.instrument, err)
			}
			return nil
		})
	}
	for _, f := range m.fora {
		for _, s := range slices.Concat(f.stalls, f.joining) {
			m.follow(f, s)
		}
	}
	if m.changes {
		group.Go(func() error { return m.settling(ctx) })
	}
}

// settling looks at what changes also while no venue says anything.
func (m *Market) settling(ctx context.Context) error {
	ticker := time.NewTicker(settleEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
			m.settle()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.follow = nil // the group may be over from here on
	return nil
}

func (m *Market) settle() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.fora {
		f.settle(m.now())
	}
}

// Pending lists what is still being changed: "okx ETH-BTC begins".
func (e *Engine) Pending() []string { return e.market.Pending() }

// Pending lists what is still being changed: "okx ETH-BTC begins".
func (m *Market) Pending() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []string
	for _, f := range m.fora {
		for _, s := range f.joining {
			list = append(list, s.source.Name()+" "+f.instrument.String()+" begins")
		}
		for _, s := range f.stalls {
			if !s.leaving.IsZero() {
				list = append(list, s.source.Name()+" "+f.instrument.String()+" ends")
			}
		}
	}
	return list
}
