package binance

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
)

// session is what the one goroutine of a connection owns: the book, and where it
// is with its snapshot.
type session struct {
	venue   *Venue
	conn    *connection
	replica *replica
	// venueTime and receivedAt are of the newest depth event.
	venueTime  time.Time
	receivedAt time.Time

	// fetching says that a snapshot is on its way into results; fetches waits for it.
	fetching bool
	results  chan fetched
	fetches  sync.WaitGroup
	// waiting says that retry will say when to ask again; pause is how long after
	// the next failure.
	waiting bool
	retry   *time.Timer
	pause   time.Duration
	left    bool
}

type fetched struct {
	body []byte
	err  error
}

func newSession(v *Venue, c *connection) *session {
	retry := time.NewTimer(time.Hour)
	retry.Stop()
	return &session{venue: v, conn: c, replica: newReplica(maxBook, snapshotLimit), results: make(chan fetched, 1),
		retry: retry, pause: retryLeast}
}

// run follows one connection until it fails, is silent for too long, or ctx ends.
func (s *session) run(ctx context.Context, frames <-chan frame) error {
	stale := time.NewTimer(s.venue.config.StaleAfter)
	defer stale.Stop()
	// Connections opened together do not end together.
	span := s.venue.config.Life
	life := time.NewTimer(span - rand.N(span/10+1)) //nolint:gosec // spreads load, guards nothing
	defer life.Stop()
	defer s.retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case f, open := <-frames:
			if !open {
				return ctx.Err() // read stops without a word only when ctx has ended
			}
			if f.err != nil {
				s.countIf(ErrMalformed, f.err, func(c *Counters) { c.Malformed++ })
				return f.err
			}
			stale.Reset(s.venue.config.StaleAfter)
			if err := s.message(ctx, f); err != nil {
				return err
			}
		case r := <-s.results:
			s.fetching = false
			s.arrived(ctx, r)
		case <-s.retry.C:
			s.waiting = false
		case <-stale.C:
			s.count(func(c *Counters) { c.Stale++ })
			return errStale
		case <-life.C:
			s.leave()
		}
		s.ask(ctx)
	}
}

// message applies one message. An error ends the connection: what a venue means by
// something malformed is not known.
func (s *session) message(ctx context.Context, f frame) error {
	s.count(func(c *Counters) { c.Messages++ })
	e, err := parseEvent(f.raw, s.venue.config.Symbol, s.venue.config.Instrument)
	if err != nil {
		s.count(func(c *Counters) { c.Malformed++ })
		return err
	}
	switch e.kind {
	case kindShutdown:
		s.count(func(c *Counters) { c.Shutdowns++ })
		s.leave()
		return nil
	case kindOther:
		return nil
	case kindDepth:
	}
	s.venueTime, s.receivedAt = e.at, f.at
	trusted := s.replica.synced
	if err := s.replica.take(e); err != nil {
		s.suspect(ctx, trusted, err)
		return nil
	}
	if s.replica.synced {
		s.deliver(ctx, s.top())
	}
	return nil
}

// suspect counts why the book can't be trusted and tells it, once.
func (s *session) suspect(ctx context.Context, wasTrusted bool, err error) {
	s.countIf(errGap, err, func(c *Counters) { c.Gaps++ })
	s.countIf(errCrossed, err, func(c *Counters) { c.Crossed++ })
	s.countIf(errDry, err, func(c *Counters) { c.Dry++ })
	name := s.venue.config.Instrument.String()
	s.venue.config.Log.WarnContext(ctx, "venue book is suspect, will read it again", "instrument", name, "error", err)
	if wasTrusted {
		s.deliver(ctx, s.venue.outage("The book of "+name+" has a fault and is being read again."))
	}
}

// ask requests a snapshot when one is needed and may be asked for. There must be
// an event before it, or nothing would say whether it is old.
func (s *session) ask(ctx context.Context) {
	if s.replica.synced || s.fetching || s.waiting || len(s.replica.kept) == 0 {
		return
	}
	if held := s.venue.rest.budget.take(s.venue.config.Now(), snapshotWeight); held > 0 {
		s.again(held)
		return
	}
	s.fetching = true
	s.fetches.Go(func() {
		body, err := s.venue.rest.fetch(ctx)
		s.results <- fetched{body, err}
	})
}

// again asks for a snapshot after d.
func (s *session) again(d time.Duration) {
	s.waiting = true
	s.retry.Reset(d)
}

// arrived takes the answer to ask. Whatever is wrong with it, another one is asked
// for after a pause.
func (s *session) arrived(ctx context.Context, r fetched) {
	err := s.load(r)
	if err == nil {
		s.pause = retryLeast
		s.count(func(c *Counters) { c.Snapshots++ })
		s.deliver(ctx, s.top())
		return
	}
	if ctx.Err() != nil {
		return
	}
	if errors.Is(err, errOld) {
		s.count(func(c *Counters) { c.OldSnapshots++ })
	} else {
		s.count(func(c *Counters) { c.FailedSnapshots++ })
	}
	s.countIf(errThrottled, err, func(c *Counters) { c.Throttled++ })
	s.countIf(errGap, err, func(c *Counters) { c.Gaps++ })
	s.countIf(errCrossed, err, func(c *Counters) { c.Crossed++ })
	s.countIf(errDry, err, func(c *Counters) { c.Dry++ })
	s.countIf(ErrMalformed, err, func(c *Counters) { c.Malformed++ })
	s.venue.config.Log.WarnContext(ctx, "venue snapshot can't be used, will ask again",
		"instrument", s.venue.config.Instrument.String(), "error", err)
	s.again(jitter(s.pause))
	s.pause = min(2*s.pause, retryMost)
}

func (s *session) load(r fetched) error {
	if r.err != nil {
		return r.err
	}
	shot, err := parseSnapshot(r.body, s.venue.config.Instrument)
	if err != nil {
		return err
	}
	return s.replica.load(shot)
}

// top is the book as of the newest event.
func (s *session) top() liquidity.Top {
	bid, _ := s.replica.book.Best(book.Bid)
	ask, _ := s.replica.book.Best(book.Ask)
	return liquidity.Top{Instrument: s.venue.config.Instrument, Bid: liquidity.Level(bid), Ask: liquidity.Level(ask),
		VenueTime: s.venueTime, ReceivedAt: s.receivedAt}
}

func (s *session) deliver(ctx context.Context, t liquidity.Top) {
	select {
	case s.conn.tops <- t:
	case <-ctx.Done():
	}
}

// leave asks for another connection to take over, once.
func (s *session) leave() {
	if !s.left {
		s.left = true
		close(s.conn.leaving)
	}
}

func (s *session) count(count func(*Counters)) { s.venue.counters.add(count) }

func (s *session) countIf(target, err error, count func(*Counters)) {
	if errors.Is(err, target) {
		s.count(count)
	}
}
