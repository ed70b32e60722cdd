package kraken

import (
	"fmt"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
)

// Depth is how many levels of a side New subscribes to: one of 10, 25, 100, 500 and
// 1000.
const Depth = 100

// protocol is the book of one connection.
type protocol struct {
	feed.Streamed
	symbol     string
	instrument liquidity.Instrument
	depth      int
	frame      frame
	book       *book.Book
	// digits are those of the levels in the book, by price; of levels given up some
	// may be left.
	digits  [2]map[uint64]digits
	trusted bool
}

var _ feed.Protocol = (*protocol)(nil)

// Open is a connection's state: the book of a symbol, of so many levels a side.
func Open(symbol string, i liquidity.Instrument, depth int) feed.Protocol {
	return &protocol{symbol: symbol, instrument: i, depth: depth, book: book.New(depth + maxLevels)}
}

// Hello implements feed.Protocol.
func (p *protocol) Hello() [][]byte { return [][]byte{p.request("subscribe", `,"snapshot":true`)} }

// Again implements feed.Protocol: a new subscription begins with a snapshot.
func (p *protocol) Again() [][]byte {
	return append([][]byte{p.request("unsubscribe", "")}, p.Hello()...)
}

func (p *protocol) request(method, more string) []byte {
	return fmt.Appendf(nil, `{"method":"%s","params":{"channel":"book","symbol":["%s"],"depth":%d%s}}`, method, p.symbol, p.depth, more)
}

// Take implements feed.Protocol.
func (p *protocol) Take(raw []byte) (feed.Message, error) {
	f := &p.frame
	if err := f.parse(raw, p.instrument); err != nil {
		return feed.Message{}, err
	}
	switch {
	case f.refused != "" && f.method != "unsubscribe":
		return feed.Message{}, fmt.Errorf("kraken refuses: %s", f.refused)
	case f.channel == "heartbeat":
		return feed.Message{Kind: feed.Heartbeat}, nil
	case f.channel != "book":
		return feed.Message{}, nil
	case f.symbol != p.symbol:
		return feed.Message{}, fmt.Errorf("a book of %.20q, not of %s: %w", f.symbol, p.symbol, feed.ErrMalformed)
	}
	m := feed.Message{Kind: feed.Update, At: f.at}
	if !f.snapshot && !p.trusted {
		return m, nil // of a subscription that is being given up
	}
	p.trusted = false
	if f.snapshot {
		p.clear()
	}
	p.apply(book.Bid, f.bids)
	p.apply(book.Ask, f.asks)
	p.book.Truncate(p.depth)
	p.forget()
	if sum := checksum(p.book, &p.digits); sum != f.checksum {
		return m, fmt.Errorf("ours is %d, the venue's %d: %w", sum, f.checksum, feed.ErrChecksum)
	}
	if err := feed.Judge(p.book); err != nil {
		return m, err
	}
	p.trusted = p.book.Len(book.Bid) > 0 && p.book.Len(book.Ask) > 0
	if !p.trusted {
		return m, feed.ErrDry
	}
	return m, nil
}

func (p *protocol) clear() {
	p.book = book.New(p.depth + maxLevels)
	for side := range p.digits {
		p.digits[side] = make(map[uint64]digits, p.depth)
	}
}

func (p *protocol) apply(side book.Side, levels []level) {
	for i := range levels {
		l := &levels[i]
		p.book.Set(side, l.Level)
		if l.Size == 0 {
			delete(p.digits[side], l.Price)
		} else {
			p.digits[side][l.Price] = l.digits
		}
	}
}

// forget keeps the digits of what is in the book, once there are many others.
func (p *protocol) forget() {
	for side, known := range p.digits {
		if len(known) <= 4*p.depth {
			continue
		}
		kept := make(map[uint64]digits, p.depth)
		for l := range p.book.Levels(book.Side(side)) {
			kept[l.Price] = known[l.Price]
		}
		p.digits[side] = kept
	}
}

// Trusted implements feed.Protocol.
func (p *protocol) Trusted() bool { return p.trusted }

// Book implements feed.Protocol.
func (p *protocol) Book() *book.Book { return p.book }
