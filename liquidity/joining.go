package liquidity

import (
	"slices"
	"time"
)

// leave marks what is not wanted any more, and forgets what was only about to begin. One
// whose connection is to be made anew stays until the new one takes its place.
func (f *forum) leave(want []Subscription, now time.Time) {
	for _, s := range f.stalls {
		wanted := slices.ContainsFunc(want, func(w Subscription) bool { return w.Instrument == f.instrument && w.Venue == s.source.Name() })
		switch {
		case wanted:
			s.leaving = time.Time{}
		case s.leaving.IsZero():
			s.leaving = now
		}
	}
	f.joining = slices.DeleteFunc(f.joining, func(s *stall) bool {
		gone := !slices.ContainsFunc(want, func(w Subscription) bool { return w.is(s) })
		if gone {
			f.drop(s)
		}
		return gone
	})
}

// close drops everything: nobody wants the instrument.
func (f *forum) close() {
	for _, s := range slices.Concat(f.stalls, f.joining) {
		f.drop(s)
	}
	f.stalls, f.joining = nil, nil
}

// begin takes all in at once, before there can be a price.
func (f *forum) begin() {
	f.stalls, f.joining = append(f.stalls, f.joining...), nil
	f.quorum = min(quorum, len(f.stalls))
}

// settle makes the changes that can be made without losing the price: first what joins,
// then what leaves. Without a price there is none to lose by what joins; what leaves may
// bring it back, and is kept for changeMost.
func (f *forum) settle(now time.Time) {
	f.caughtUp(now) // by the venues that there are, before others are tried
	for _, s := range slices.Clone(f.joining) {
		if s.fit(now) != nil {
			continue
		}
		next, replaced := f.with(s)
		if _, err := f.depth(now); !f.try(now, next, err != nil) {
			continue
		}
		f.joining = slices.DeleteFunc(f.joining, func(other *stall) bool { return other == s })
		if replaced != nil {
			f.drop(replaced)
		}
	}
	for _, s := range slices.Clone(f.stalls) {
		if s.leaving.IsZero() {
			continue
		}
		next := slices.DeleteFunc(slices.Clone(f.stalls), func(other *stall) bool { return other == s })
		if f.try(now, next, now.Sub(s.leaving) >= changeMost) {
			f.drop(s)
		}
	}
}

// with are the stalls with one more, in the place of the same venue's if there is one.
func (f *forum) with(s *stall) (next []*stall, replaced *stall) {
	next = slices.Clone(f.stalls)
	for i, other := range next {
		if other.source.Name() == s.source.Name() {
			next[i] = s
			return next, other
		}
	}
	return append(next, s), nil
}

// try takes other stalls if there is a price with them, or if it must. The quorum is that
// of all of them, and never less than what there were and still should be: floor.
func (f *forum) try(now time.Time, next []*stall, must bool) bool {
	was, quorumWas := f.stalls, f.quorum
	excluded := make([]bool, len(was))
	for i, s := range was {
		excluded[i] = s.excluded
	}
	f.stalls, f.quorum = next, min(quorum, max(len(next), f.floor))
	f.version++
	if _, err := f.depth(now); must || err == nil {
		return true
	}
	f.stalls, f.quorum = was, quorumWas
	for i, s := range was {
		s.excluded = excluded[i]
	}
	f.version++
	return false
}

// drop ends a stall's connection; what it counted stays counted.
func (f *forum) drop(s *stall) {
	s.gone = true
	if s.stop != nil {
		s.stop()
	}
	if counter, ok := s.source.(GapCounter); ok {
		f.gapsGone += counter.Gaps()
	}
}

// joins reports whether a stall is followed and not priced from yet.
func (f *forum) joins(s *stall) bool {
	return len(f.joining) > 0 && slices.Contains(f.joining, s)
}

// changing reports whether anything waits to join or to leave.
func (f *forum) changing() bool {
	return len(f.joining) > 0 || slices.ContainsFunc(f.stalls, func(s *stall) bool { return !s.leaving.IsZero() })
}
