package kraken

import (
	"fmt"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/feed/scan"
)

// Depth is how many levels of a side New subscribes to: one of 10, 25, 100, 500 and
// 1000.
const Depth = 100

// protocol is a book on one connection.
type protocol struct {
	feed.Streamed
	symbol     string
	instrument liquidity.Instrument
	depth      int
	frame      frame
	book       *book.Book
	written    written
	trusted    bool
}

var _ feed.Protocol = (*protocol)(nil)

// Open is a connection's state: the book of a symbol, of so many levels a side.
func Open(symbol string, i liquidity.Instrument, depth int) feed.Protocol {
	p := &protocol{symbol: symbol, instrument: i, depth: depth, book: book.New(depth + maxLevels)}
	p.written.begin(decimals{}, scan.Places{Price: i.PriceDecimals, Size: i.SizeDecimals})
	return p
}

// Doubt implements feed.Protocol.
func (p *protocol) Doubt() { p.trusted = false }

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
	p.written.forget(p.book, p.depth)
	if sum := p.written.checksum(p.book); sum != f.checksum {
		return m, fmt.Errorf("ours is %d, the venue's %d: %w", sum, f.checksum, feed.ErrChecksum)
	}
	if err := feed.JudgeWhole(p.book); err != nil {
		return m, err
	}
	p.trusted = true
	return m, nil
}

// clear begins a book with the levels of a snapshot.
func (p *protocol) clear() {
	p.book = book.New(p.depth + maxLevels)
	places := scan.Places{Price: p.instrument.PriceDecimals, Size: p.instrument.SizeDecimals}
	for _, levels := range [][]level{p.frame.bids, p.frame.asks} {
		if len(levels) > 0 {
			p.written.begin(levels[0].decimals, places)
		}
	}
}

func (p *protocol) apply(side book.Side, levels []level) {
	for i := range levels {
		p.book.Set(side, levels[i].Level)
		p.written.note(side, &levels[i])
	}
}

// Trusted implements feed.Protocol.
func (p *protocol) Trusted() bool { return p.trusted }

// Book implements feed.Protocol.
func (p *protocol) Book() *book.Book { return p.book }
