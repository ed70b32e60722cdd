package venuetest

import (
	"testing"
	"time"

	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/simulator"
)

// Suite is a venue's client and what its protocol proves.
type Suite struct {
	Venue string
	// New is the client of ETH-BTC with 8 places, of the simulator at an address
	// "host:port".
	New func(address string, staleAfter time.Duration) (*feed.Venue, error)
	// Gap and Repeat count what a lost and a repeated message lead to; nil where they
	// leave no trace at once.
	Gap, Repeat func(feed.Counters) uint64
	// Checksum says that messages have one; Fetched that snapshots are fetched;
	// Notice that the venue says when it shuts down.
	Checksum, Fetched, Notice bool
}

// whole is a staleness limit that no test reaches.
const whole = 30 * time.Second

// Run runs all of the suite.
func (s Suite) Run(t *testing.T) {
	t.Run("follows", func(t *testing.T) { t.Parallel(); s.follows(t) })
	for kind, count := range map[simulator.Kind]func(feed.Counters) uint64{
		simulator.Gap: s.Gap, simulator.Repeat: s.Repeat, simulator.WrongChecksum: s.checksums(),
		simulator.Crossed: func(c feed.Counters) uint64 { return c.Crossed },
	} {
		if count != nil {
			t.Run(string(kind), func(t *testing.T) { t.Parallel(); s.suspicion(t, kind, count) })
		}
	}
	if s.Repeat == nil {
		t.Run("repeat is harmless", func(t *testing.T) { t.Parallel(); s.harmless(t, simulator.Repeat) })
	}
	for kind, c := range map[simulator.Kind]connectionFault{
		simulator.Disconnect: {lost, whole, func(c feed.Counters) uint64 { return c.Connections - 1 }},
		simulator.Storm:      {lost, whole, func(c feed.Counters) uint64 { return c.Connections - 1 }},
		simulator.Garbage:    {lost, whole, func(c feed.Counters) uint64 { return c.Malformed }},
		simulator.HalfOpen:   {stale, time.Second, func(c feed.Counters) uint64 { return c.Stale }},
		simulator.Stall:      {stale, time.Second, func(c feed.Counters) uint64 { return c.Stale }},
	} {
		t.Run(string(kind), func(t *testing.T) { t.Parallel(); s.connection(t, kind, c) })
	}
	for _, kind := range []simulator.Kind{simulator.Throttle, simulator.Ban} {
		t.Run(string(kind), func(t *testing.T) { t.Parallel(); s.throttled(t, kind) })
	}
	t.Run("shutdown", func(t *testing.T) { t.Parallel(); s.shutdown(t) })
}

func (s Suite) checksums() func(feed.Counters) uint64 {
	if !s.Checksum {
		return nil
	}
	return func(c feed.Counters) uint64 { return c.Checksums }
}

// follows: one connection, true tops, nothing to complain about.
func (s Suite) follows(t *testing.T) {
	f := s.stand(t, whole)
	tops := map[uint64]bool{}
	for range 100 {
		top := f.next()
		if top.Unavailable != "" {
			t.Fatalf("outage %q", top.Unavailable)
		}
		tops[top.Bid.Price] = true
		if delay := top.ReceivedAt.Sub(top.VenueTime); delay < 0 || delay > patience {
			t.Fatalf("a top that is delayed by %s", delay)
		}
	}
	c := f.venue.Counters()
	want := feed.Counters{Connections: 1, Snapshots: 1, Messages: c.Messages, Rereads: c.Rereads}
	if c != want || len(tops) < 10 || c.Messages < 50 {
		t.Errorf("%d bids, counters %+v", len(tops), c)
	}
	if f.venue.Name() != s.Venue || f.venue.Messages() < 50 || f.venue.Gaps() != 0 {
		t.Errorf("%s counts %d messages and %d gaps", f.venue.Name(), f.venue.Messages(), f.venue.Gaps())
	}
}

// suspicion: an outage with its reason at once, the book again on the same
// connection, and a count.
func (s Suite) suspicion(t *testing.T, kind simulator.Kind, counted func(feed.Counters) uint64) {
	f := s.stand(t, whole)
	for n := range uint64(2) {
		f.settle()
		count := 1
		if kind == simulator.Gap {
			count = 3 // one message alone might be of nothing that a checksum covers
		}
		f.inject(kind, count, 0)
		f.outage(suspect)
		f.settle()
		if c := f.venue.Counters(); counted(c) != n+1 || c.Connections != 1 || !s.Fetched && c.Resubscribed < n+1 {
			t.Fatalf("after fault %d: counters %+v", n+1, c)
		}
	}
	// Nothing else was counted.
	c := f.venue.Counters()
	if sum := c.Gaps + c.Checksums + c.Crossed + c.Dry + c.Malformed + c.Stale; sum != 2 {
		t.Errorf("counters %+v", c)
	}
}

// harmless: sizes are absolute, so that the same message twice changes nothing.
func (s Suite) harmless(t *testing.T, kind simulator.Kind) {
	f := s.stand(t, whole)
	f.settle()
	f.inject(kind, 5, 0)
	for range 50 {
		if top := f.next(); top.Unavailable != "" {
			t.Fatalf("outage %q", top.Unavailable)
		}
	}
}

// connectionFault is one that only another connection mends.
type connectionFault struct {
	outage     string
	staleAfter time.Duration
	count      func(feed.Counters) uint64
}

func (s Suite) connection(t *testing.T, kind simulator.Kind, c connectionFault) {
	f := s.stand(t, c.staleAfter)
	for n := range uint64(2) {
		f.settle()
		before := c.count(f.venue.Counters())
		count := 1
		if kind == simulator.Stall {
			count = 0
		}
		f.inject(kind, count, 0)
		f.outage(c.outage)
		if kind == simulator.Stall {
			f.inject(simulator.Resume, 0, 0)
		}
		f.settle()
		if got := f.venue.Counters(); c.count(got) <= before || got.Connections < n+2 {
			t.Fatalf("after fault %d: counters %+v", n+1, got)
		}
	}
}

// throttled: whoever is refused with 429 or 418 waits for as long as it was told.
func (s Suite) throttled(t *testing.T, kind simulator.Kind) {
	f := s.stand(t, whole)
	f.settle()
	f.inject(kind, 1, 1)
	if s.Fetched {
		f.inject(simulator.Crossed, 1, 0)
	} else {
		f.inject(simulator.Disconnect, 0, 0)
	}
	began := time.Now()
	for f.next().Unavailable == "" {
		continue
	}
	f.settle()
	if waited := time.Since(began); waited < 900*time.Millisecond {
		t.Errorf("asked again after %s", waited)
	}
	if c := f.venue.Counters(); c.Throttled != 1 {
		t.Errorf("counters %+v", c)
	}
}

// shutdown: a venue that says so is left before, without an outage; one that does not
// is an outage like any other.
func (s Suite) shutdown(t *testing.T) {
	f := s.stand(t, whole)
	f.settle()
	if !s.Notice {
		f.inject(simulator.Shutdown, 1, 0)
		f.outage(lost)
		f.settle()
		return
	}
	f.inject(simulator.Shutdown, 1000, 0)
	for f.venue.Counters().Handovers == 0 {
		if top := f.next(); top.Unavailable != "" {
			t.Fatalf("outage %q", top.Unavailable)
		}
	}
	f.settle()
	if c := f.venue.Counters(); c.Shutdowns == 0 || c.Connections != 2 {
		t.Errorf("counters %+v", c)
	}
}
