package feed

import (
	"errors"
	"time"
)

// suspicious reports an error that makes a book suspect and no more.
func suspicious(err error) bool {
	return errors.Is(err, ErrGap) || errors.Is(err, ErrChecksum) || errors.Is(err, ErrCrossed) || errors.Is(err, ErrDry)
}

// suspect counts why the book can't be trusted and tells it, once.
func (s *session) suspect(wasTrusted bool, err error) {
	s.countFaults(err)
	s.asked = false
	name := s.venue.config.Instrument.String()
	s.venue.config.Log.WarnContext(s.ctx, "venue book is suspect, will read it again", "venue", s.venue.config.Venue, "instrument", name, "error", err)
	if wasTrusted {
		if s.venue.rest == nil {
			s.bePatient()
		}
		s.deliver(s.venue.outage("The book of " + name + " has a fault and is being read again."))
	}
}

func (s *session) countFaults(err error) {
	s.countIf(ErrGap, err, func(c *Counters) { c.Gaps++ })
	s.countIf(ErrChecksum, err, func(c *Counters) { c.Checksums++ })
	s.countIf(ErrCrossed, err, func(c *Counters) { c.Crossed++ })
	s.countIf(ErrDry, err, func(c *Counters) { c.Dry++ })
}

// ask has the book told anew where that is needed and may be asked for.
func (s *session) ask() {
	if s.waiting || s.failed != nil {
		return
	}
	if s.venue.rest != nil {
		s.fetch()
		return
	}
	if s.protocol.Trusted() || s.asked {
		return
	}
	// The next time, if this one fails too, comes after a pause.
	s.asked = true
	s.again(jitter(s.pause))
	s.pause = min(2*s.pause, retryMost)
	s.count(func(c *Counters) { c.Resubscribed++ })
	if err := s.say(s.protocol.Again()); err != nil {
		s.fail(err)
	}
}

// fetch requests a snapshot when the protocol wants one, or its book is old.
func (s *session) fetch() {
	if s.fetching || !s.protocol.Wants() && !(s.due && s.protocol.Trusted()) {
		return
	}
	if held := s.venue.rest.budget.take(s.venue.config.Now(), s.venue.rest.Cost); held > 0 {
		s.again(held)
		return
	}
	s.fetching = true
	s.fetches.Go(func() {
		body, err := s.venue.rest.fetch(s.ctx)
		s.turn(func() {
			s.fetching = false
			s.arrived(body, err)
		})()
	})
}

// again asks after d.
func (s *session) again(d time.Duration) {
	s.waiting = true
	s.retry.Reset(d)
}

// arrived takes the answer to fetch. Whatever is wrong with it, another one is asked
// for after a pause. A trusted book that turns out to differ is replaced at once:
// there is nothing to wait for, but the difference counts.
func (s *session) arrived(body []byte, err error) {
	trusted := s.protocol.Trusted()
	if err == nil {
		err = s.protocol.Load(body)
	}
	if trusted && (err == nil || suspicious(err)) {
		s.count(func(c *Counters) { c.Rereads++ })
		s.countFaults(err)
	}
	if s.protocol.Trusted() && (err == nil || suspicious(err)) {
		if !trusted || err != nil {
			s.booked()
		}
		s.due = false
		if s.venue.rest.Every > 0 {
			s.reread.Reset(s.venue.rest.Every)
		}
		s.deliver(s.top())
		return
	}
	if s.ctx.Err() != nil {
		return
	}
	if trusted && !s.protocol.Trusted() {
		s.deliver(s.venue.outage("The book of " + s.venue.config.Instrument.String() + " has a fault and is being read again."))
	}
	if errors.Is(err, ErrOld) {
		s.count(func(c *Counters) { c.OldSnapshots++ })
	} else {
		s.count(func(c *Counters) { c.FailedSnapshots++ })
	}
	s.countIf(errThrottled, err, func(c *Counters) { c.Throttled++ })
	if !trusted {
		s.countFaults(err)
	}
	s.countIf(ErrMalformed, err, func(c *Counters) { c.Malformed++ })
	s.venue.config.Log.WarnContext(s.ctx, "venue snapshot can't be used, will ask again", "venue", s.venue.config.Venue,
		"instrument", s.venue.config.Instrument.String(), "error", err)
	s.again(jitter(s.pause))
	s.pause = min(2*s.pause, retryMost)
}
