package feed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/lxzan/gws"
)

// Limits of a session.
const (
	sendTimeout = 5 * time.Second
	// bookWithin is what Config.BookWithin means by 0.
	bookWithin = 10 * time.Second
	// beatEvery is how often a message is taken as a heartbeat of all books, where it is one.
	beatEvery = time.Second
)

var errNoBook = errors.New("the venue does not tell its book")

// session is what a connection's reader owns, with the trunk held: the wire, and each book with
// where it is with reading that anew.
type session struct {
	gws.BuiltinEventHandler
	trunk  *trunk
	conn   *connection
	socket *gws.Conn
	wire   Wire
	// books are those of the connection, in the order in which they came; named finds them.
	// gone are names of those that have left: what still comes of them is passed over.
	books []*subscription
	named map[string]*subscription
	gone  map[string]bool
	// addressed are the names that the address asked for, if it did.
	addressed []string
	// ctx ends with the connection, cancel ends it; failed is why, if it was not the socket,
	// and offended says that it was something the venue has said.
	ctx      context.Context //nolint:containedctx // the socket's events come without one
	cancel   context.CancelFunc
	failed   error
	offended bool
	// offender is the book whose message that was, if it was one's.
	offender *subscription
	// over says that the reading has ended: what timers say now is too late.
	over    bool
	fetches sync.WaitGroup
	request requests
	// watch looks whether a book has been silent for too long, life replaces the connection.
	watch, life *time.Timer
	// heard is when the newest message came in, beaten when one counted for all books.
	heard, beaten time.Time
	left          bool
}

// newSession is of all books of the connection's line.
func newSession(c *connection) *session {
	s := &session{trunk: c.line.trunk, conn: c, wire: c.line.trunk.config.Wire(), named: map[string]*subscription{}, gone: map[string]bool{}}
	s.trunk.mu.Lock()
	defer s.trunk.mu.Unlock()
	c.session = s
	for _, w := range c.line.listeners {
		s.add(w)
	}
	return s
}

// names are those of the books there are. The address has them, so that none joins until begin.
func (s *session) names() (list []string) {
	s.trunk.mu.Lock()
	defer s.trunk.mu.Unlock()
	for _, b := range s.books {
		list = append(list, b.who.name())
	}
	return list
}

// begin says Hello. Timers run from then on.
func (s *session) begin(ctx context.Context, cancel context.CancelFunc, socket *gws.Conn) error {
	s.trunk.mu.Lock()
	defer s.trunk.mu.Unlock()
	s.countAll(func(c *Counters) { c.Connections++ })
	now := time.Now()
	s.ctx, s.cancel, s.socket, s.heard = ctx, cancel, socket, now
	// Connections opened together do not end together.
	span := s.trunk.config.Life
	s.life = time.AfterFunc(span-rand.N(span/10+1), s.turn(s.leaveIt)) //nolint:gosec // spreads load, guards nothing
	s.request.timer = time.AfterFunc(time.Hour, s.turn(func() {}))
	s.request.timer.Stop()
	var list []string
	for _, b := range s.books {
		b.begin(now)
		list = append(list, b.who.name())
	}
	s.watch = time.AfterFunc(0, s.turn(s.silent))
	for _, name := range s.addressed {
		if s.named[name] == nil {
			s.request.leave(name) // it left meanwhile
		}
	}
	err := s.say(s.wire.Hello(list))
	for _, w := range s.conn.line.listeners {
		if s.named[w.name()] == nil {
			s.join(w)
		}
	}
	return err
}

// add has a book among those of the connection.
func (s *session) add(who *listener) *subscription {
	b := newSubscription(s, who)
	s.books, s.named[who.name()] = append(s.books, b), b
	return b
}

// join asks for one more book on a connection that has begun. The caller holds the trunk.
func (s *session) join(who *listener) {
	if s.over || s.failed != nil || s.socket == nil {
		return // begin looks who is there
	}
	s.add(who).begin(time.Now())
	delete(s.gone, who.name())
	s.request.join(who.name())
	s.sendDue()
}

// leave drops a book. The caller holds the trunk.
func (s *session) leave(who *listener) {
	b := s.named[who.name()]
	if b == nil || b.who != who {
		return
	}
	b.end()
	delete(s.named, who.name())
	s.gone[who.name()] = true
	s.books = slices.DeleteFunc(s.books, func(other *subscription) bool { return other == b })
	if !s.over && s.failed == nil && s.socket != nil && len(s.books) > 0 {
		s.request.leave(who.name())
		s.sendDue()
	}
}

// turn is what a timer does in its turn.
func (s *session) turn(what func()) func() {
	return func() {
		s.trunk.mu.Lock()
		defer s.trunk.mu.Unlock()
		if s.over || s.failed != nil {
			return
		}
		what()
		s.sendDue()
	}
}

// end waits for what was begun for the connection, after its context has ended.
func (s *session) end() {
	s.trunk.mu.Lock()
	s.over = true
	for _, t := range []*time.Timer{s.life, s.watch, s.request.timer} {
		if t != nil {
			t.Stop()
		}
	}
	for _, b := range s.books {
		b.end()
	}
	if s.cancel != nil {
		s.cancel()
	}
	s.trunk.mu.Unlock()
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
	s.trunk.mu.Lock()
	defer s.trunk.mu.Unlock()
	if s.failed != nil {
		return s.failed
	}
	return ctx.Err()
}

// silent ends a connection that has been silent for too long. A book that has been while others
// are not is asked for anew, and after another silence on a line of its own.
func (s *session) silent() {
	now, next := time.Now(), s.trunk.config.StaleAfter
	for _, b := range slices.Clone(s.books) {
		limit := b.who.venue.config.StaleAfter
		rest := limit - now.Sub(b.heard)
		switch {
		case rest > 0:
		case len(s.books) == 1 || now.Sub(s.heard) >= s.trunk.config.StaleAfter:
			s.countAll(func(c *Counters) { c.Stale++ })
			s.fail(errStale)
			return
		case now.Sub(s.heard) < limit/4:
			b.stale(now)
			rest = limit
		default:
			rest = limit / 4 // nothing has been told of late: it may be the connection
		}
		next = min(next, rest)
	}
	s.watch.Reset(max(next, time.Millisecond))
}

// OnClose implements gws.Event: the reading has ended.
func (s *session) OnClose(_ *gws.Conn, err error) {
	s.trunk.mu.Lock()
	defer s.trunk.mu.Unlock()
	s.over = true
	if s.ctx.Err() == nil && s.failed == nil {
		s.failed = fmt.Errorf("read: %w", err)
	}
}

// OnPing implements gws.Event. Where no pong can be sent, nothing else can.
func (s *session) OnPing(_ *gws.Conn, payload []byte) {
	s.trunk.mu.Lock()
	defer s.trunk.mu.Unlock()
	if s.over || s.failed != nil || s.ctx.Err() != nil {
		return
	}
	if err := s.write(gws.OpcodePong, payload); err != nil {
		s.fail(fmt.Errorf("pong: %w", err))
	}
}

// leaveIt asks for another connection to take over, once.
func (s *session) leaveIt() {
	if !s.left {
		s.left = true
		close(s.conn.leaving)
	}
}

// knows reports whether a connection could take over from another without an outage: it may tell
// all books that the other may tell.
func (s *session) knows(other *connection) bool {
	for _, b := range s.books {
		if b.protocol.Trusted() {
			continue
		}
		if was := other.about(b.who); was != nil && was.protocol.Trusted() {
			return false
		}
	}
	return true
}

// tellAll delivers what is known of all books.
func (s *session) tellAll() {
	for _, b := range s.books {
		if b.protocol.Trusted() {
			b.who.deliver(b.top())
		}
	}
}

func (s *session) countAll(count func(*Counters)) {
	for _, b := range s.books {
		b.count(count)
	}
}
