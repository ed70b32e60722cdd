package bitstamp

import (
	"fmt"
	"slices"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
)

// Limits of a book.
const (
	maxBook = 10_000
	// maxKept bounds the messages kept for the next snapshot, maxKeptLevels their
	// levels together (twice as much until the oldest half is given up).
	maxKept       = 1000
	maxKeptLevels = 100_000
	// compared is how many levels of a side have to be the same in a fresh book.
	compared = 50
)

// protocol is a book on one connection.
type protocol struct {
	channel    string
	instrument liquidity.Instrument
	book       *book.Book
	trusted    bool
	// last is the microtimestamp of the newest message.
	last uint64
	// base is that of the snapshot in the book: what is not newer is in it already.
	base uint64
	// check is a snapshot that is newer than any message; the first message after it
	// finds the book as it should be then.
	check   *book.Book
	checkAt uint64
	// scratch has room for the lists of a message.
	scratch changes
	// kept are the newest messages: a snapshot that comes later than they did is
	// brought up to date with them.
	kept       []changes
	keptLevels int
}

var _ feed.Protocol = (*protocol)(nil)

// Open is a connection's state.
func Open(market string, i liquidity.Instrument) feed.Protocol {
	return &protocol{channel: channel(market), instrument: i, book: book.New(maxBook)}
}

// Doubt implements feed.Protocol.
func (p *protocol) Doubt() { p.suspect() }

// Take implements feed.Protocol.
func (p *protocol) Take(raw []byte) (feed.Message, error) {
	f, err := parseFrame(raw, p.scratch, p.instrument)
	if err != nil {
		return feed.Message{}, err
	}
	p.scratch = f.changes
	switch f.event {
	case "data":
	case "bts:request_reconnect":
		return feed.Message{Kind: feed.Shutdown}, nil
	case "bts:error":
		return feed.Message{}, fmt.Errorf("bitstamp refuses: %.200q", raw)
	default:
		return feed.Message{}, nil
	}
	if f.channel != p.channel {
		return feed.Message{}, fmt.Errorf("a message of %.40q, not of %s: %w", f.channel, p.channel, feed.ErrMalformed)
	}
	return feed.Message{Kind: feed.Update, At: f.changes.at()}, p.take(f.changes)
}

// take keeps a message and applies it to a trusted book. The same time twice is the
// same message, or another of the same moment: sizes are absolute, so that applying
// it is right either way.
func (p *protocol) take(c changes) error {
	if c.micros < p.last {
		wasTrusted := p.trusted
		p.suspect()
		p.last = c.micros
		p.keep(c)
		if wasTrusted {
			return fmt.Errorf("a message that is older than the one before: %w", feed.ErrGap)
		}
		return nil
	}
	p.last = c.micros
	p.keep(c)
	if !p.trusted || c.micros <= p.base {
		return nil
	}
	if p.check != nil && c.micros > p.checkAt {
		fresh := p.check
		p.check = nil
		if differ(p.book, fresh) {
			p.suspect()
			p.keep(c)
			return fmt.Errorf("the book differed from the snapshot of %d: %w", p.checkAt, feed.ErrGap)
		}
	}
	apply(p.book, c)
	if err := feed.JudgeWhole(p.book); err != nil {
		p.suspect()
		return err
	}
	return nil
}

// suspect gives up the book and what was kept.
func (p *protocol) suspect() {
	p.trusted, p.check, p.base = false, nil, 0
	clear(p.kept)
	p.kept, p.keptLevels = p.kept[:0], 0
}

// keep holds a copy back for the next snapshot; the oldest are given up.
func (p *protocol) keep(c changes) {
	c.bids, c.asks = slices.Clone(c.bids), slices.Clone(c.asks)
	p.kept = append(p.kept, c)
	p.keptLevels += len(c.bids) + len(c.asks)
	if len(p.kept) <= 2*maxKept && p.keptLevels <= 2*maxKeptLevels {
		return
	}
	n := 0
	for n < len(p.kept)-1 && (len(p.kept)-n > maxKept || p.keptLevels > maxKeptLevels) {
		p.keptLevels -= len(p.kept[n].bids) + len(p.kept[n].asks)
		n++
	}
	p.kept = slices.Delete(p.kept, 0, n)
}

// Wants implements feed.Protocol. There must be a message before a snapshot, or
// nothing would say whether it is old.
func (p *protocol) Wants() bool { return !p.trusted && len(p.kept) > 0 }

// Load implements feed.Protocol: the snapshot, with the messages since, becomes the
// book. If there was one that differs, ErrGap says that something was lost.
func (p *protocol) Load(body []byte) error {
	shot, err := parseChanges(body, p.instrument)
	if err != nil {
		return err
	}
	if len(p.kept) == 0 || shot.micros < p.kept[0].micros {
		return fmt.Errorf("snapshot of %d: %w", shot.micros, feed.ErrOld)
	}
	fresh := book.New(maxBook)
	if err := fresh.Load(shot.bids, shot.asks, 0); err != nil {
		return fmt.Errorf("snapshot of %d: %w: %w", shot.micros, feed.ErrMalformed, err)
	}
	for _, c := range p.kept {
		if c.micros > shot.micros {
			apply(fresh, c)
		}
	}
	if err := feed.JudgeWhole(fresh); err != nil {
		p.suspect()
		return fmt.Errorf("snapshot of %d: %w", shot.micros, err)
	}
	if p.trusted && shot.micros > p.last {
		p.check, p.checkAt = fresh, shot.micros
		return nil
	}
	lost := p.trusted && differ(p.book, fresh)
	p.book, p.trusted, p.base, p.check = fresh, true, shot.micros, nil
	if lost {
		return fmt.Errorf("the book differs from the snapshot of %d: %w", shot.micros, feed.ErrGap)
	}
	return nil
}

func apply(b *book.Book, c changes) {
	for _, l := range c.bids {
		b.Set(book.Bid, l)
	}
	for _, l := range c.asks {
		b.Set(book.Ask, l)
	}
}

// differ compares the best levels of two books of the same moment.
func differ(a, b *book.Book) bool {
	for _, side := range []book.Side{book.Bid, book.Ask} {
		for n := range compared {
			one, hasOne := a.At(side, n)
			other, hasOther := b.At(side, n)
			if one != other || hasOne != hasOther {
				return true
			}
		}
	}
	return false
}

// Trusted implements feed.Protocol.
func (p *protocol) Trusted() bool { return p.trusted }

// Book implements feed.Protocol.
func (p *protocol) Book() *book.Book { return p.book }
