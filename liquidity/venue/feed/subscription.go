package feed

import (
	"errors"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
)

// subscription is one book on one connection.
type subscription struct {
	session  *session
	who      *listener
	protocol Protocol
	// receivedAt is when the newest word of the book came in; delay is how much older the
	// venue's clock was in the newest one that had it.
	receivedAt time.Time
	delay      time.Duration
	// heard is when the book was told or said to be as it was; silences counts how often it
	// has not been, or not whole, for too long, one after the other.
	heard    time.Time
	silences int
	// told says that the book was trusted once on this connection, over that it has left it.
	told, over bool

	// fetching says that a snapshot is on its way.
	fetching bool
	// asked says that the book was asked for and has not come.
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
	// patience ends the waiting for a book that is never told, in time.
	patience *time.Timer
	patient  time.Time
}

func newSubscription(s *session, who *listener) *subscription {
	return &subscription{session: s, who: who, protocol: who.venue.config.Open(), pause: retryLeast}
}

// begin is when the book is asked for first. Timers run from then on.
func (b *subscription) begin(now time.Time) {
	b.heard, b.asked = now, true
	b.retry = time.AfterFunc(time.Hour, b.turn(func() { b.waiting = false }))
	b.reread = time.AfterFunc(time.Hour, b.turn(func() { b.due = true }))
	b.patience = time.AfterFunc(time.Hour, b.turn(b.impatient))
	b.retry.Stop()
	b.reread.Stop()
	b.patience.Stop()
	b.bePatient()
}

func (b *subscription) end() {
	b.over = true
	for _, t := range []*time.Timer{b.retry, b.reread, b.patience} {
		if t != nil {
			t.Stop()
		}
	}
}

// turn is what a timer does in its turn.
func (b *subscription) turn(what func()) func() {
	return b.session.turn(func() {
		if !b.over {
			what()
			b.ask()
		}
	})
}

// bePatient gives the book its time, where it is streamed: what is fetched has its own limits.
func (b *subscription) bePatient() {
	if b.session.trunk.rest == nil {
		b.patient = time.Now().Add(b.who.venue.config.BookWithin)
		b.patience.Reset(b.who.venue.config.BookWithin)
	}
}

// impatient ends a connection that never told its only book in time.
func (b *subscription) impatient() {
	if b.protocol.Trusted() || time.Now().Before(b.patient) {
		return
	}
	if len(b.session.books) == 1 {
		b.session.fail(errNoBook)
		return
	}
	b.anewOrAlone(errNoBook)
}

// anewOrAlone asks for a book that does badly while others may not: once more on the connection
// with them, and then on one of its own, as long as there are not too many of those.
func (b *subscription) anewOrAlone(err error) {
	config := &b.who.venue.config
	b.silences++
	alone := b.silences > 1 && b.session.trunk.mayPart()
	config.Log.WarnContext(b.session.ctx, "venue book is not told, will read it again", "venue", config.Venue,
		"instrument", config.Instrument.String(), "alone", alone, "error", err)
	if alone {
		b.session.trunk.part(b.session.conn.line, b.who)
		return
	}
	b.bePatient()
	b.anew()
}

// stale tells that nothing was said of the book while other books were told, and asks for it anew.
func (b *subscription) stale(now time.Time) {
	b.count(func(c *Counters) { c.Stale++ })
	b.heard = now
	b.protocol.Doubt()
	b.deliver(b.who.venue.outage("The venue's feed of " + b.who.venue.config.Instrument.String() + " is stale."))
	b.anewOrAlone(errStale)
}

// read applies one message of the book. An error ends the connection.
func (b *subscription) read(raw []byte, at time.Time) error {
	b.count(func(c *Counters) { c.Messages++ })
	trusted := b.protocol.Trusted()
	m, err := b.protocol.Take(raw)
	b.heard = time.Now()
	switch {
	case suspicious(err):
		b.suspect(trusted, err)
	case err != nil:
		return err
	case m.Kind == Shutdown:
		b.count(func(c *Counters) { c.Shutdowns++ })
		b.session.leaveIt()
	case m.Kind != Other:
		if !trusted && b.protocol.Trusted() {
			b.booked()
		}
		b.word(at, m.At)
	}
	b.ask()
	return nil
}

// word takes note of a message that says how the book is, and tells that.
func (b *subscription) word(at, venueTime time.Time) {
	b.receivedAt = at
	if !venueTime.IsZero() {
		b.delay = at.Sub(venueTime)
	}
	if b.protocol.Trusted() {
		b.deliver(b.top())
	}
}

// booked notes that the book has become trusted.
func (b *subscription) booked() {
	b.asked, b.told, b.pause, b.silences = false, true, retryLeast, 0
	b.patience.Stop()
	b.count(func(c *Counters) { c.Snapshots++ })
	if rest := b.who.venue.config.Snapshots; rest != nil && rest.Every > 0 {
		b.due = false
		b.reread.Reset(rest.Every)
	}
}

// top is the book as of the newest message.
func (b *subscription) top() liquidity.Top {
	bid, _ := b.protocol.Book().Best(book.Bid)
	ask, _ := b.protocol.Book().Best(book.Ask)
	bids, asks := b.levels()
	return liquidity.Top{Instrument: b.who.venue.config.Instrument, Bid: liquidity.Level(bid), Ask: liquidity.Level(ask), Bids: bids, Asks: asks,
		VenueTime: b.receivedAt.Add(-b.delay), ReceivedAt: b.receivedAt}
}

// levels are the best of both sides, in one piece of memory that is the receiver's.
func (b *subscription) levels() (bids, asks []liquidity.Level) {
	all := b.protocol.Book()
	both := make([]liquidity.Level, 0, min(all.Len(book.Bid), liquidity.DepthMost)+min(all.Len(book.Ask), liquidity.DepthMost))
	for n := range min(all.Len(book.Bid), liquidity.DepthMost) {
		l, _ := all.At(book.Bid, n)
		both = append(both, liquidity.Level(l))
	}
	cut := len(both)
	for n := range min(all.Len(book.Ask), liquidity.DepthMost) {
		l, _ := all.At(book.Ask, n)
		both = append(both, liquidity.Level(l))
	}
	return both[:cut:cut], both[cut:]
}

func (b *subscription) deliver(t liquidity.Top) { b.session.conn.line.tell(b.session.conn, b.who, t) }

func (b *subscription) count(count func(*Counters)) { b.who.venue.count(count) }

func (b *subscription) countIf(target, err error, count func(*Counters)) {
	if errors.Is(err, target) {
		b.count(count)
	}
}
