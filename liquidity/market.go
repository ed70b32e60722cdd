package liquidity

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"ferry/swap"
	"ferry/swap/asset"
)

// Market holds the newest top of book of each instrument and judges whether it
// may be priced from. One source per instrument; combining venues widens this.
type Market struct {
	sources []Source
	now     func() time.Time

	mu   sync.RWMutex
	tops map[Instrument]Top
	// outages counts how often an instrument's book was lost.
	outages map[Instrument]int64
}

// NewMarket refuses sources that are unusable or quote the same instrument.
func NewMarket(now func() time.Time, sources ...Source) (*Market, error) {
	m := &Market{sources: sources, now: now, tops: map[Instrument]Top{}, outages: map[Instrument]int64{}}
	seen := map[string]bool{}
	for _, s := range sources {
		i := s.Instrument()
		if err := i.Validate(); err != nil {
			return nil, err
		}
		if s.StaleAfter() <= 0 {
			return nil, fmt.Errorf("source of %s has no staleness limit", i)
		}
		if seen[i.String()] {
			return nil, fmt.Errorf("instrument %s has two sources", i)
		}
		seen[i.String()] = true
	}
	return m, nil
}

// Run follows all sources until ctx ends.
func (m *Market) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range m.sources {
		group.Go(func() error {
			if err := s.Stream(ctx, m.take); err != nil {
				return fmt.Errorf("source of %s: %w", s.Instrument(), err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (m *Market) take(t Top) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if had, heard := m.tops[t.Instrument]; heard && had.Unavailable == "" && t.Unavailable != "" {
		m.outages[t.Instrument]++
	}
	m.tops[t.Instrument] = t
}

// Top returns a book fit to price the pair from, or price_unavailable with the
// reason as its sentence.
func (m *Market) Top(p asset.Pair) (Top, error) {
	for _, s := range m.sources {
		if !s.Instrument().Covers(p) {
			continue
		}
		m.mu.RLock()
		top, heard := m.tops[s.Instrument()]
		m.mu.RUnlock()
		if !heard {
			return Top{}, noPrice("No price of " + s.Instrument().String() + " has arrived yet.")
		}
		return top, top.fit(m.now(), s.StaleAfter())
	}
	return Top{}, noPrice("No venue prices " + p.String() + ".")
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

func (m *Market) covers(p asset.Pair) bool {
	for _, s := range m.sources {
		if s.Instrument().Covers(p) {
			return true
		}
	}
	return false
}
