package venuetest

import (
	"slices"
	"testing"
	"time"

	"ferry/liquidity/venue/simulator"
)

// faults: what is wrong with one book is mended on the same connection, and the others' only
// where it may be theirs.
func (g Together) faults(t *testing.T) {
	s := g.share(t)
	first, others := s.all()
	s.fault(simulator.Crossed, 1, first.Instrument())
	s.until("a crossed book", func() bool { _, outages := first.heard(); return len(outages) == 1 && first.Counters().Snapshots == 2 })
	s.settled(append(others, first)...)
	s.unharmed(others...)
	if g.Gap {
		count := 3 // one message alone might be of nothing that a checksum covers
		if g.Numbered {
			count = 1 // each one more would be one more gap
		}
		s.fault(simulator.Gap, count, first.Instrument())
		s.until("a gap", func() bool { return first.Gaps() == 1 && first.Counters().Snapshots == 3 })
		s.settled(append(others, first)...)
		if !g.Numbered {
			s.unharmed(others...)
		} else {
			for _, m := range others {
				s.until("a gap of all", func() bool { return m.Gaps() == 1 && m.Counters().Snapshots == 2 })
			}
		}
	}
	for _, m := range append(others, first) {
		if c := m.Counters(); c.Connections > 1 { // 0 for one that came late
			t.Errorf("%s: counters %+v", m.Instrument(), c)
		}
	}
	if n := s.lines.Count(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// changes: a book leaves and comes back without a word to the others; one that is followed anew
// is on a connection of its own.
func (g Together) changes(t *testing.T) {
	s := g.share(t)
	first, others := s.all()
	others[0].leave()
	s.settled(first, others[1])
	back := s.follow(others[0].Instrument(), whole)
	s.settled(back, first, others[1])
	if n := s.lines.Count(); n != 1 {
		t.Errorf("%d connections after one came back", n)
	}
	anew := s.follow(first.Instrument(), whole)
	s.settled(anew, first)
	if n := s.lines.Count(); n != 2 || anew.Counters().Connections != 1 {
		t.Errorf("%d connections after one is followed anew", n)
	}
	first.leave()
	s.settled(anew, back, others[1])
	s.unharmed(first, others[1], back, anew)
	for _, m := range []*member{back, others[1], anew} {
		m.leave()
	}
	if n := s.lines.Count(); n != 0 {
		t.Errorf("%d connections without a book", n)
	}
}

// refused: a book that the venue does not have keeps no other from being told.
func (g Together) refused(t *testing.T) {
	s := g.share(t)
	s.follow(unknown, whole)
	var list []*member
	for _, m := range Markets(t) {
		list = append(list, s.follow(m.Instrument, whole))
	}
	s.settled(list...)
}

// garbage: a book that was told, and whose messages end the connection again and again, goes on one
// of its own; the others have no outage after that, and it comes back too.
func (g Together) garbage(t *testing.T) {
	s := g.share(t)
	first, others := s.all()
	s.fault(simulator.Garbage, 1000, first.Instrument())
	s.until("a connection of its own", func() bool { return s.lines.Count() == 2 })
	had := map[*member]int{}
	for _, m := range others {
		_, outages := m.heard()
		had[m] = len(outages)
	}
	s.settled(others...)
	bad := first.Counters().Malformed
	s.until("garbage again", func() bool { return first.Counters().Malformed >= bad+3 })
	s.settled(others...)
	for _, m := range others {
		if _, outages := m.heard(); len(outages) != had[m] {
			t.Errorf("outages of %s: %q, counters %+v", m.Instrument(), outages, m.Counters())
		}
	}
	if n := s.lines.Count(); n != 2 {
		t.Errorf("%d connections", n)
	}
	s.fault(simulator.Garbage, 1, first.Instrument())
	s.settled(append(others, first)...)
}

// silent: a book that nothing is said of is stale, whatever is said of others, and it comes back.
func (g Together) silent(t *testing.T) {
	s := g.share(t)
	first, others := s.all()
	quiet := s.follow(others[0].Instrument(), time.Second) // beside the one there is, so on another line
	also := s.follow(first.Instrument(), whole)
	s.settled(quiet, also)
	if n := s.lines.Count(); n != 2 {
		t.Fatalf("%d connections", n)
	}
	s.fault(simulator.Stall, 0, quiet.Instrument())
	s.until("a stale book", func() bool {
		_, outages := quiet.heard()
		return slices.Contains(outages, "The venue's feed of "+quiet.Instrument().String()+" is stale.") && quiet.Counters().Stale > 0
	})
	s.settled(also)
	s.fault(simulator.Resume, 0, quiet.Instrument())
	s.settled(quiet, also)
	s.unharmed(first, also)
}
