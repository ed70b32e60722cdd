package venuetest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/simulator"
	"ferry/swap/asset"
)

// Together is a venue's client where books share a connection, and what its protocol can tell.
type Together struct {
	Venue string
	// New is the client of an instrument with 8 places, of the simulator at an address
	// "host:port", on lines.
	New func(address string, i liquidity.Instrument, staleAfter time.Duration, lines *feed.Lines) (*feed.Venue, error)
	// Gap says that a lost message is found at once, Numbered that it makes all books of the
	// connection suspect, Kept that no book is stale while another is told, Named that half of
	// a message says of which book it is.
	Gap, Numbered, Kept, Named bool
}

// Run runs all of it.
func (g Together) Run(t *testing.T) {
	t.Run("faults of one book", func(t *testing.T) { t.Parallel(); g.faults(t) })
	t.Run("books come and go", func(t *testing.T) { t.Parallel(); g.changes(t) })
	t.Run("a book that is refused", func(t *testing.T) { t.Parallel(); g.refused(t) })
	if g.Named {
		t.Run("a book that is garbage", func(t *testing.T) { t.Parallel(); g.garbage(t) })
	}
	if !g.Kept {
		t.Run("a book that is silent", func(t *testing.T) { t.Parallel(); g.silent(t) })
	}
}

// shared is a simulated venue, and books that are followed on the same lines.
type shared struct {
	Together
	t     *testing.T
	x     Exchange
	lines *feed.Lines
	ctx   context.Context //nolint:containedctx // a test's
	// moved is told when anything was.
	moved chan struct{}
}

func (g Together) share(t *testing.T) *shared {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	t.Cleanup(cancel)
	x := Play(t, "127.0.0.1:0", func(c *simulator.Config) { c.Venues, c.Markets = []string{g.Venue}, Markets(t) })
	return &shared{g, t, x, feed.NewLines(), ctx, make(chan struct{}, 1)}
}

// member is a book, and what was told of it.
type member struct {
	*feed.Venue
	leave func()

	mu      sync.Mutex
	tops    int
	outages []string
}

// follow follows a book until leave is called, or the test ends.
func (s *shared) follow(i liquidity.Instrument, staleAfter time.Duration) *member {
	s.t.Helper()
	v, err := s.New(s.x.Address, i, staleAfter, s.lines)
	if err != nil {
		s.t.Fatal(err)
	}
	m := &member{Venue: v}
	var walk *truth
	for _, market := range Markets(s.t) {
		if market.Instrument == i {
			walk = newTruth(market, s.Venue)
		}
	}
	ctx, cancel := context.WithCancel(s.ctx)
	done := make(chan error, 1)
	go func() { done <- v.Stream(ctx, func(top liquidity.Top) { s.told(m, walk, top) }) }()
	m.leave = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
	s.t.Cleanup(m.leave)
	return m
}

func (s *shared) told(m *member, walk *truth, top liquidity.Top) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case top.Instrument != m.Instrument():
		s.t.Errorf("%s is told as %s", top.Instrument, m.Instrument())
	case top.Unavailable != "":
		m.outages = append(m.outages, top.Unavailable)
	case walk == nil || !walk.has(top):
		s.t.Errorf("a top the exchange never had: %+v", top)
	default:
		m.tops++
	}
	select {
	case s.moved <- struct{}{}:
	default:
	}
}

// heard is how many tops and outages there were.
func (m *member) heard() (tops int, outages []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tops, slices.Clone(m.outages)
}

// until waits until something holds.
func (s *shared) until(what string, holds func() bool) {
	s.t.Helper()
	for !holds() {
		select {
		case <-s.ctx.Done():
			s.t.Fatalf("%s: not in time", what)
		case <-s.moved:
		}
	}
}

// settled waits until some more tops of each came.
func (s *shared) settled(members ...*member) {
	s.t.Helper()
	for _, m := range members {
		before, _ := m.heard()
		s.until("tops of "+m.Instrument().String(), func() bool { tops, _ := m.heard(); return tops >= before+5 })
	}
}

// unharmed checks that there was no outage.
func (s *shared) unharmed(members ...*member) {
	s.t.Helper()
	for _, m := range members {
		if _, outages := m.heard(); len(outages) > 0 {
			s.t.Errorf("outages of %s: %q, counters %+v", m.Instrument(), outages, m.Counters())
		}
	}
}

// all follows all markets.
func (s *shared) all() (first *member, others []*member) {
	s.t.Helper()
	var list []*member
	for _, m := range Markets(s.t) {
		list = append(list, s.follow(m.Instrument, whole))
	}
	s.settled(list...)
	if n := s.lines.Count(); n != 1 {
		s.t.Fatalf("%d connections", n)
	}
	return list[0], list[1:]
}

func (s *shared) fault(kind simulator.Kind, count int, market liquidity.Instrument) {
	s.t.Helper()
	if err := s.x.Inject(simulator.Fault{Kind: kind, Count: count, Market: market.String()}); err != nil {
		s.t.Fatal(err)
	}
}

// unknown is a book that the simulator does not have.
var unknown = liquidity.Instrument{Base: asset.BTC, Quote: asset.USDT, PriceDecimals: 8, SizeDecimals: 8}
