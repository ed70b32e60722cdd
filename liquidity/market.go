package liquidity

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"ferry/swap"
	"ferry/swap/asset"
)

// Market holds the newest top of book of each venue and combines those of an
// instrument into one price, where they may be priced from.
type Market struct {
	now func() time.Time

	mu   sync.Mutex
	fora []*forum
}

// forum is all venues of one instrument.
type forum struct {
	instrument Instrument
	// quorum is how many venues must be fit and agree.
	quorum int
	stalls []*stall
	// priced is whether there was a price when it was last asked for; outages counts
	// how often it was lost.
	priced  bool
	outages int64
}

// stall is one venue of an instrument.
type stall struct {
	source Source
	top    Top
	heard  bool
	// excluded says that the venue is too far from the others.
	excluded bool
	// outages counts how often its book was lost.
	outages int64
}

// NewMarket refuses sources that are unusable, of one venue and instrument, or of one
// instrument in other ticks. Several venues of an instrument make one price of it.
func NewMarket(now func() time.Time, sources ...Source) (*Market, error) {
	m := &Market{now: now}
	for _, s := range sources {
		i := s.Instrument()
		if err := i.Validate(); err != nil {
			return nil, err
		}
		if s.StaleAfter() <= 0 {
			return nil, fmt.Errorf("source of %s has no staleness limit", i)
		}
		f := m.forumOf(i.String())
		if f == nil {
			f = &forum{instrument: i}
			m.fora = append(m.fora, f)
		}
		if f.instrument != i {
			return nil, fmt.Errorf("instrument %s is counted in other ticks by %s than by another venue", i, s.Name())
		}
		if slices.ContainsFunc(f.stalls, func(other *stall) bool { return other.source.Name() == s.Name() }) {
			return nil, fmt.Errorf("instrument %s has two sources named %s", i, s.Name())
		}
		f.stalls = append(f.stalls, &stall{source: s})
		f.quorum = min(quorum, len(f.stalls))
	}
	return m, nil
}

func (m *Market) forumOf(name string) *forum {
	for _, f := range m.fora {
		if f.instrument.String() == name {
			return f
		}
	}
	return nil
}

// Run follows all sources until ctx ends.
func (m *Market) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, f := range m.fora {
		for _, s := range f.stalls {
			group.Go(func() error {
				if err := s.source.Stream(ctx, func(t Top) { m.take(f, s, t) }); err != nil {
					return fmt.Errorf("source of %s: %w", f.instrument, err)
				}
				return nil
			})
		}
	}
	return group.Wait()
}

func (m *Market) take(f *forum, s *stall, t Top) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.heard && s.top.Unavailable == "" && t.Unavailable != "" {
		s.outages++
	}
	s.top, s.heard = t, true
	_, err := f.price(m.now())
	if f.priced && err != nil {
		f.outages++
	}
	f.priced = err == nil
}

// Top returns what the pair may be priced from: bid and ask of all venues together,
// without sizes. Otherwise price_unavailable with the reason as its sentence.
func (m *Market) Top(p asset.Pair) (Top, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.fora {
		if f.instrument.Covers(p) {
			return f.price(m.now())
		}
	}
	return Top{}, noPrice("No venue prices " + p.String() + ".")
}

// price judges which venues may be priced from and combines those. The result is as
// old as the oldest of them. The caller has the lock.
func (f *forum) price(now time.Time) (Top, error) {
	fit, reason := f.fit(now)
	prices, out := make([]uint64, len(fit)), make([]bool, len(fit))
	for i, s := range fit {
		prices[i], out[i] = opine(s.top).price, s.excluded
	}
	var opinions []opinion
	top := Top{Instrument: f.instrument}
	for i, excluded := range exclude(prices, out) {
		s := fit[i]
		s.excluded = excluded
		if excluded {
			continue
		}
		opinions = append(opinions, opine(s.top))
		if top.ReceivedAt.IsZero() || s.top.ReceivedAt.Before(top.ReceivedAt) {
			top.ReceivedAt, top.VenueTime = s.top.ReceivedAt, s.top.VenueTime
		}
	}
	name := f.instrument.String()
	switch {
	case len(f.stalls) == 1 && reason != nil:
		return Top{}, reason
	case len(fit) == 0:
		return Top{}, noPrice("No venue prices " + name + " now.")
	case len(fit) < f.quorum:
		return Top{}, noPrice(fmt.Sprintf("Only %d of %d venues prices %s now; Ferry needs %d.", len(fit), len(f.stalls), name, f.quorum))
	case len(opinions) < f.quorum:
		return Top{}, noPrice("The venues of " + name + " disagree on its price.")
	}
	fair := combine(opinions)
	if fair.price <= fair.confidence {
		return Top{}, noPrice("The venues of " + name + " disagree on its price.")
	}
	top.Bid.Price, top.Ask.Price = fair.price-fair.confidence, fair.price+fair.confidence
	return top, nil
}

// fit lists the venues that may be priced from, and why one of the others may not.
func (f *forum) fit(now time.Time) (fit []*stall, reason error) {
	for _, s := range f.stalls {
		if err := s.fit(now); err != nil {
			reason = err
			continue
		}
		fit = append(fit, s)
	}
	return fit, reason
}

// fit reports why a venue can't be priced from.
func (s *stall) fit(now time.Time) error {
	if !s.heard {
		return noPrice("No price of " + s.source.Instrument().String() + " has arrived yet.")
	}
	return s.top.fit(now, s.source.StaleAfter())
}

// fit reports why a top can't be priced from: an outage, age, a venue whose clock
// is not ours (its data may be delayed), an empty or a crossed book.
func (t Top) fit(now time.Time, staleAfter time.Duration) error {
	name := t.Instrument.String()
	switch {
	case t.Unavailable != "":
		return noPrice(t.Unavailable)
	case now.Sub(t.ReceivedAt) >= staleAfter:
		return noPrice("The price of " + name + " is too old.")
	case t.ReceivedAt.Sub(t.VenueTime).Abs() >= staleAfter:
		return noPrice("The price of " + name + " is delayed at its venue.")
	case t.Bid.Price == 0 || t.Ask.Price == 0 || t.Bid.Size == 0 || t.Ask.Size == 0:
		return noPrice("The book of " + name + " has an empty side.")
	case t.Bid.Price >= t.Ask.Price:
		return noPrice("The book of " + name + " is crossed.")
	}
	return nil
}

func noPrice(reason string) error {
	return swap.Refuse(swap.CodePriceUnavailable, "", "", reason)
}
