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
		simulator.Disconnect: {Lost, whole, func(c feed.Counters) uint64 { return c.Connections - 1 }},
		simulator.Storm:      {Lost, whole, func(c feed.Counters) uint64 { return c.Connections - 1 }},
		simulator.Garbage:    {Lost, whole, func(c feed.Counters) uint64 { return c.Malformed }},
		simulator.HalfOpen:   {Stale, time.Second, func(c feed.Counters) uint64 { return c.Stale }},
		simulator.Stall:      {Stale, time.Second, func(c feed.Counters) uint64 { return c.Stale }},
	} {
		t.Run(string(kind), func(t *testing.T) { t.Parallel(); s.connection(t, kind, c) })
	}
	for _, kind := range []simulator.Kind{simulator.Throttle, simulator.Ban} {
		t.Run(string(kind), func(t *testing.T) { t.Parallel(); s.throttled(t, kind) })
	}
	t.Run("shutdown", func(t *testing.T) { t.Parallel(); s.shutdown(t) })
}

// stand is a simulated venue and what its client tells.
func (s Suite) stand(t *testing.T, staleAfter time.Duration) (Exchange, *Follower) {
	t.Helper()
	x := Simulate(t, s.Venue)
	v, err := s.New(x.Address, staleAfter)
	if err != nil {
		t.Fatal(err)
	}
	return x, Follow(t, v)
}

func (s Suite) checksums() func(feed.Counters) uint64 {
	if !s.Checksum {
		return nil
	}
	return func(c feed.Counters) uint64 { return c.Checksums }
}

// follows: one connection, true tops, nothing to complain about.
func (s Suite) follows(t *testing.T) {
	_, f := s.stand(t, whole)
	tops := map[uint64]bool{}
	for range 100 {
		top := f.Next()
		if top.Unavailable != "" {
			t.Fatalf("outage %q", top.Unavailable)
		}
		tops[top.Bid.Price] = true
		if delay := top.ReceivedAt.Sub(top.VenueTime); delay < 0 || delay > Patience {
			t.Fatalf("a top that is delayed by %s", delay)
		}
	}
	c := f.Counters()
	want := feed.Counters{Connections: 1, Snapshots: 1, Messages: c.Messages, Rereads: c.Rereads}
	if c != want || len(tops) < 10 || c.Messages < 50 {
		t.Errorf("%d bids, counters %+v", len(tops), c)
	}
	if f.Name() != s.Venue || f.Messages() < 50 || f.Gaps() != 0 {
		t.Errorf("%s counts %d messages and %d gaps", f.Name(), f.Messages(), f.Gaps())
	}
}

// suspicion: an outage with its reason at once, the book again on the same
// connection, and a count.
func (s Suite) suspicion(t *testing.T, kind simulator.Kind, counted func(feed.Counters) uint64) {
	x, f := s.stand(t, whole)
	for n := range uint64(2) {
		f.Settle()
		count := 1
		if kind == simulator.Gap {
			count = 3 // one message alone might be of nothing that a checksum covers
		}
		x.Fault(kind, count, 0)
		f.Outage(Suspect)
		f.Settle()
		if c := f.Counters(); counted(c) != n+1 || c.Connections != 1 || !s.Fetched && c.Resubscribed < n+1 {
			t.Fatalf("after fault %d: counters %+v", n+1, c)
		}
	}
	// Nothing else was counted.
	c := f.Counters()
	if sum := c.Gaps + c.Checksums + c.Crossed + c.Dry + c.Malformed + c.Stale; sum != 2 {
		t.Errorf("counters %+v", c)
	}
}

// harmless: sizes are absolute, so that the same message twice changes nothing.
func (s Suite) harmless(t *testing.T, kind simulator.Kind) {
	x, f := s.stand(t, whole)
	f.Settle()
	x.Fault(kind, 5, 0)
	for range 50 {
		if top := f.Next(); top.Unavailable != "" {
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
	x, f := s.stand(t, c.staleAfter)
	for n := range uint64(2) {
		f.Settle()
		before := c.count(f.Counters())
		count := 1
		if kind == simulator.Stall {
			count = 0
		}
		x.Fault(kind, count, 0)
		f.Outage(c.outage)
		if kind == simulator.Stall {
			x.Fault(simulator.Resume, 0, 0)
		}
		f.Settle()
		if got := f.Counters(); c.count(got) <= before || got.Connections < n+2 {
			t.Fatalf("after fault %d: counters %+v", n+1, got)
		}
	}
}

// throttled: whoever is refused with 429 or 418 waits for as long as it was told.
func (s Suite) throttled(t *testing.T, kind simulator.Kind) {
	x, f := s.stand(t, whole)
	f.Settle()
	x.Fault(kind, 1, 1)
	if s.Fetched {
		x.Fault(simulator.Crossed, 1, 0)
	} else {
		x.Fault(simulator.Disconnect, 0, 0)
	}
	began := time.Now()
	for f.Next().Unavailable == "" {
		continue
	}
	f.Settle()
	if waited := time.Since(began); waited < 900*time.Millisecond {
		t.Errorf("asked again after %s", waited)
	}
	if c := f.Counters(); c.Throttled != 1 {
		t.Errorf("counters %+v", c)
	}
}

// shutdown: a venue that says so is left before, without an outage; one that does not
// is an outage like any other.
func (s Suite) shutdown(t *testing.T) {
	x, f := s.stand(t, whole)
	f.Settle()
	if !s.Notice {
		x.Fault(simulator.Shutdown, 1, 0)
		f.Outage(Lost)
		f.Settle()
		return
	}
	x.Fault(simulator.Shutdown, 1000, 0)
	for f.Counters().Handovers == 0 {
		if top := f.Next(); top.Unavailable != "" {
			t.Fatalf("outage %q", top.Unavailable)
		}
	}
	f.Settle()
	if c := f.Counters(); c.Shutdowns == 0 || c.Connections != 2 {
		t.Errorf("counters %+v", c)
	}
}
