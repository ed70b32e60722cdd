package liquidity

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"ferry/swap/asset"
)

// Market holds the newest top of book of each venue and combines those of an
// instrument into one price, where they may be priced from.
type Market struct {
	now func() time.Time

	mu   sync.Mutex
	fora []*forum
	// config is what new fora judge by.
	config MarketConfig
	// follow has a stall's source followed; nil while the market does not run.
	follow func(*forum, *stall)
	// changes says that what is followed may change; else everything is followed to its end.
	changes bool
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
	m.run(ctx, group)
	return group.Wait()
}

func (m *Market) take(f *forum, s *stall, t Top) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.gone {
		return // what comes now is too late
	}
	if s.heard && s.top.Unavailable == "" && t.Unavailable != "" {
		s.outages++
	}
	now := m.now()
	s.record.note(now, t)
	wasSound := s.sound
	s.hear(t)
	f.version++
	if f.changing() {
		f.settle(now)
	}
	if f.joins(s) {
		return
	}
	// What a venue begins or ceases to say is judged at once; of what it says otherwise the
	// newest of a moment is, or what there is when somebody asks.
	if wasSound && s.sound && f.judgedWithin(now) {
		f.unjudged = true
		return
	}
	f.judge(now)
}

// Top returns the best that the pair may be priced from: bid and ask of all venues
// together after their fees, with what is there. Otherwise price_unavailable with the
// reason as its sentence.
func (m *Market) Top(p asset.Pair) (Top, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.fora {
		if f.instrument.Covers(p) {
			return f.top(m.now())
		}
	}
	return Top{}, noPrice("No venue prices " + p.String() + ".")
}

// apply makes the market judge by a configuration from now on.
func (m *Market) apply(c MarketConfig) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.config = c
	for _, f := range m.fora {
		f.config = c
		f.version++
		if f.lively.at.IsZero() {
			f.lively, f.seen = priorVolatility(c.DayMovePPM), priorVolatility(c.DayMovePPM)
		}
	}
}
