package feed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/coder/websocket"

	"ferry/liquidity"
	"ferry/liquidity/book"
)

// Limits of a session.
const (
	sendTimeout = 5 * time.Second
	// bookWithin is what Config.BookWithin means by 0.
	bookWithin = 10 * time.Second
)

var errNoBook = errors.New("the venue does not tell its book")

// session is what the one goroutine of a connection owns: the protocol with its
// book, and where it is with reading that anew.
type session struct {
	venue    *Venue
	conn     *connection
	socket   *websocket.Conn
	protocol Protocol
	// receivedAt is when the newest message came in; delay is how much older the
	// venue's clock was in the newest one that had it.
	receivedAt time.Time
	delay      time.Duration

	// fetching says that a snapshot is on its way into results; fetches waits for it.
	fetching bool
	results  chan fetched
	fetches  sync.WaitGroup
	// asked says that the book was asked for with Hello or Again and has not come.
	asked bool
	// waiting says that retry will say when to ask again; pause is how long after
	// the next failure.
	waiting bool
	retry   *time.Timer
	pause   time.Duration
	// reread says when a trusted book is to be compared with a fresh snapshot; due
	// that it is time.
	reread *time.Timer
	due    bool
	// patience ends a connection that never tells its book.
	patience *time.Timer
	left     bool
}

type fetched struct {
	body []byte
	err  error
}

func newSession(v *Venue, c *connection, socket *websocket.Conn) *session {
	s := &session{venue: v, conn: c, socket: socket, protocol: v.config.Open(), results: make(chan fetched, 1),
		retry: time.NewTimer(time.Hour), reread: time.NewTimer(time.Hour), patience: time.NewTimer(v.config.BookWithin), pause: retryLeast}
	s.retry.Stop()
	s.reread.Stop()
	if v.rest != nil {
		s.patience.Stop() // what is fetched has its own limits
	}
	return s
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
	defer s.reread.Stop()
	defer s.patience.Stop()
	s.asked = true
	if err := s.say(ctx, s.protocol.Hello()); err != nil {
		return err
	}
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
		case <-s.reread.C:
			s.due = true
		case <-stale.C:
			s.count(func(c *Counters) { c.Stale++ })
			return errStale
		case <-s.patience.C:
			return errNoBook
		case <-life.C:
			s.leave()
		}
		if err := s.ask(ctx); err != nil {
			return err
		}
	}
}

// say sends messages one after the other.
func (s *session) say(ctx context.Context, messages [][]byte) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	for _, m := range messages {
		if err := s.socket.Write(ctx, websocket.MessageText, m); err != nil {
			return fmt.Errorf("send: %w", err)
		}
	}
	return nil
}

// message applies one message. An error ends the connection.
func (s *session) message(ctx context.Context, f frame) error {
	s.count(func(c *Counters) { c.Messages++ })
	trusted := s.protocol.Trusted()
	m, err := s.protocol.Take(f.raw)
	switch {
	case suspicious(err):
		s.suspect(ctx, trusted, err)
		return nil
	case err != nil:
		s.countIf(ErrMalformed, err, func(c *Counters) { c.Malformed++ })
		return err
	case m.Kind == Other:
		return nil
	case m.Kind == Shutdown:
		s.count(func(c *Counters) { c.Shutdowns++ })
		s.leave()
		return nil
	}
	s.receivedAt = f.at
	if !m.At.IsZero() {
		s.delay = f.at.Sub(m.At)
	}
	if s.protocol.Trusted() {
		if !trusted {
			s.booked()
		}
		s.deliver(ctx, s.top())
	}
	return nil
}

// booked notes that the book has become trusted.
func (s *session) booked() {
	s.asked, s.pause = false, retryLeast
	s.patience.Stop()
	s.count(func(c *Counters) { c.Snapshots++ })
	if s.venue.rest != nil && s.venue.rest.Every > 0 {
		s.due = false
		s.reread.Reset(s.venue.rest.Every)
	}
}

// top is the book as of the newest message.
func (s *session) top() liquidity.Top {
	bid, _ := s.protocol.Book().Best(book.Bid)
	ask, _ := s.protocol.Book().Best(book.Ask)
	bids, asks := s.levels()
	return liquidity.Top{Instrument: s.venue.config.Instrument, Bid: liquidity.Level(bid), Ask: liquidity.Level(ask), Bids: bids, Asks: asks,
		VenueTime: s.receivedAt.Add(-s.delay), ReceivedAt: s.receivedAt}
}

// levels are the best of both sides, in one piece of memory that is the receiver's.
func (s *session) levels() (bids, asks []liquidity.Level) {
	b := s.protocol.Book()
	both := make([]liquidity.Level, 0, min(b.Len(book.Bid), liquidity.DepthMost)+min(b.Len(book.Ask), liquidity.DepthMost))
	for n := range min(b.Len(book.Bid), liquidity.DepthMost) {
		l, _ := b.At(book.Bid, n)
		both = append(both, liquidity.Level(l))
	}
	cut := len(both)
	for n := range min(b.Len(book.Ask), liquidity.DepthMost) {
		l, _ := b.At(book.Ask, n)
		both = append(both, liquidity.Level(l))
	}
	return both[:cut:cut], both[cut:]
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
