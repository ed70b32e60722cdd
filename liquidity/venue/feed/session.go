package feed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/lxzan/gws"

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

// session is what a connection's reader owns, with mu of what it belongs to: the protocol with
// its book, and where it is with reading that anew.
type session struct {
	gws.BuiltinEventHandler
	venue    *Venue
	conn     *connection
	socket   *gws.Conn
	protocol Protocol
	// ctx ends with the connection, cancel ends it; failed is why, if it was not the socket.
	ctx    context.Context //nolint:containedctx // the socket's events come without one
	cancel context.CancelFunc
	failed error
	// over says that the reading has ended: what timers say now is too late.
	over bool
	// receivedAt is when the newest message came in; delay is how much older the
	// venue's clock was in the newest one that had it.
	receivedAt time.Time
	delay      time.Duration

	// fetching says that a snapshot is on its way; fetches waits for it.
	fetching bool
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
	// patience ends a connection that never tells its book, in time.
	patience *time.Timer
	patient  time.Time
	// stale looks whether the feed has been silent since heard; life replaces the connection.
	stale, life *time.Timer
	heard       time.Time
	left        bool
}

func newSession(v *Venue, c *connection) *session {
	return &session{venue: v, conn: c, protocol: v.config.Open(), pause: retryLeast}
}

// begin says Hello. Timers run from then on.
func (s *session) begin(ctx context.Context, cancel context.CancelFunc, socket *gws.Conn) error {
	s.conn.following.mu.Lock()
	defer s.conn.following.mu.Unlock()
	s.ctx, s.cancel, s.socket, s.heard, s.asked = ctx, cancel, socket, time.Now(), true
	// Connections opened together do not end together.
	span := s.venue.config.Life
	s.life = time.AfterFunc(span-rand.N(span/10+1), s.turn(s.leave)) //nolint:gosec // spreads load, guards nothing
	s.stale = time.AfterFunc(s.venue.config.StaleAfter, s.turn(s.silent))
	s.retry = time.AfterFunc(time.Hour, s.turn(func() { s.waiting = false }))
	s.reread = time.AfterFunc(time.Hour, s.turn(func() { s.due = true }))
	s.patience = time.AfterFunc(time.Hour, s.turn(s.impatient))
	s.retry.Stop()
	s.reread.Stop()
	s.patience.Stop()
	if s.venue.rest == nil { // what is fetched has its own limits
		s.bePatient()
	}
	return s.say(s.protocol.Hello())
}

// turn is what a timer does in its turn.
func (s *session) turn(what func()) func() {
	return func() {
		s.conn.following.mu.Lock()
		defer s.conn.following.mu.Unlock()
		if s.over || s.failed != nil {
			return
		}
		what()
		s.ask()
	}
}

// end waits for what was begun for the connection, after its context has ended.
func (s *session) end() {
	s.conn.following.mu.Lock()
	s.over = true
	for _, t := range []*time.Timer{s.life, s.stale, s.retry, s.reread, s.patience} {
		t.Stop()
	}
	s.cancel()
	s.conn.following.mu.Unlock()
	s.fetches.Wait()
}

// fail ends the connection.
func (s *session) fail(err error) {
	if s.failed == nil {
		s.failed = err
	}
	s.cancel()
}

// reason is why the connection has ended.
func (s *session) reason(ctx context.Context) error {
	s.conn.following.mu.Lock()
	defer s.conn.following.mu.Unlock()
	if s.failed != nil {
		return s.failed
	}
	return ctx.Err()
}

// silent ends a connection whose feed has been silent for too long.
func (s *session) silent() {
	if rest := s.venue.config.StaleAfter - time.Since(s.heard); rest > 0 {
		s.stale.Reset(rest)
		return
	}
	s.count(func(c *Counters) { c.Stale++ })
	s.fail(errStale)
}

// bePatient gives the book its time.
func (s *session) bePatient() {
	s.patient = time.Now().Add(s.venue.config.BookWithin)
	s.patience.Reset(s.venue.config.BookWithin)
}

// impatient ends a connection that never told its book in time.
func (s *session) impatient() {
	if !s.protocol.Trusted() && !time.Now().Before(s.patient) {
		s.fail(errNoBook)
	}
}

// OnClose implements gws.Event: the reading has ended.
func (s *session) OnClose(_ *gws.Conn, err error) {
	s.conn.following.mu.Lock()
	defer s.conn.following.mu.Unlock()
	s.over = true
	if s.ctx.Err() == nil && s.failed == nil {
		s.failed = fmt.Errorf("read: %w", err)
	}
}

// OnPing implements gws.Event. Where no pong can be sent, nothing else can.
func (s *session) OnPing(_ *gws.Conn, payload []byte) {
	s.conn.following.mu.Lock()
	defer s.conn.following.mu.Unlock()
	if s.over || s.failed != nil || s.ctx.Err() != nil {
		return
	}
	if err := s.write(gws.OpcodePong, payload); err != nil {
		s.fail(fmt.Errorf("pong: %w", err))
	}
}

// OnMessage implements gws.Event.
func (s *session) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close() //nolint:errcheck // never an error: it gives the memory back
	s.conn.following.mu.Lock()
	defer s.conn.following.mu.Unlock()
	if s.over || s.failed != nil || s.ctx.Err() != nil {
		return
	}
	if m.Opcode != gws.OpcodeText {
		s.count(func(c *Counters) { c.Malformed++ })
		s.fail(fmt.Errorf("a frame is not text: %w", ErrMalformed))
		return
	}
	if err := s.message(m.Bytes(), s.venue.config.Now()); err != nil {
		s.fail(err)
		return
	}
	s.ask()
	// Time that telling took is no silence.
	s.heard = time.Now()
}

// say sends messages one after the other.
func (s *session) say(messages [][]byte) error {
	for _, m := range messages {
		if err := s.write(gws.OpcodeText, m); err != nil {
			return fmt.Errorf("send: %w", err)
		}
	}
	return nil
}

// write sends one frame in time. No deadline stays behind: TLS writes by itself when it answers
// a change of keys, and a deadline that has passed by then would fail that and all that follows.
// The caller holds mu, so that none is taken from another's frame.
func (s *session) write(opcode gws.Opcode, payload []byte) error {
	if err := s.socket.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return err
	}
	if err := s.socket.WriteMessage(opcode, payload); err != nil {
		return err
	}
	return s.socket.SetWriteDeadline(time.Time{})
}

// message applies one message. An error ends the connection.
func (s *session) message(raw []byte, at time.Time) error {
	s.count(func(c *Counters) { c.Messages++ })
	trusted := s.protocol.Trusted()
	m, err := s.protocol.Take(raw)
	switch {
	case suspicious(err):
		s.suspect(trusted, err)
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
	s.receivedAt = at
	if !m.At.IsZero() {
		s.delay = at.Sub(m.At)
	}
	if s.protocol.Trusted() {
		if !trusted {
			s.booked()
		}
		s.deliver(s.top())
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

func (s *session) deliver(t liquidity.Top) {
	s.conn.following.tell(s.conn, t, func() { s.count(func(c *Counters) { c.Handovers++ }) })
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
