package coinbase

import (
	"cmp"
	"fmt"
	"slices"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
)

// maxBook is how many levels a side of our book has.
const maxBook = 5000

// protocol is a book on one connection.
type protocol struct {
	feed.Streamed
	product    string
	instrument liquidity.Instrument
	frame      frame
	book       *book.Book
	trusted    bool
	// numbers are those of the connection, where the book is the only one; else the wire
	// looks at them.
	numbers *numbers
}

var _ feed.Protocol = (*protocol)(nil)

// Open is the state of a connection that has no other book.
func Open(product string, i liquidity.Instrument) feed.Protocol {
	return open(product, i, &numbers{})
}

func open(product string, i liquidity.Instrument, n *numbers) *protocol {
	return &protocol{product: product, instrument: i, book: book.New(maxBook), numbers: n}
}

// Doubt implements feed.Protocol.
func (p *protocol) Doubt() { p.trusted = false }

// Take implements feed.Protocol.
func (p *protocol) Take(raw []byte) (feed.Message, error) {
	f := &p.frame
	if err := f.parse(raw, p.instrument); err != nil {
		return feed.Message{}, err
	}
	if f.refused != "" {
		return feed.Message{}, fmt.Errorf("coinbase refuses: %s", f.refused)
	}
	m := feed.Message{At: f.at}
	switch f.channel {
	case channelBook:
		m.Kind = feed.Update
	case channelHeartbeats:
		m.Kind = feed.Heartbeat
	}
	if p.numbers != nil {
		if err := p.numbers.next(f.sequence); err != nil {
			// While the book is being read anew nothing more can be lost.
			wasTrusted := p.trusted
			p.trusted = false
			if wasTrusted {
				return m, err
			}
		}
	}
	if !f.told {
		return m, nil
	}
	if f.product != p.product {
		return m, fmt.Errorf("a book of %.20q, not of %s: %w", f.product, p.product, feed.ErrMalformed)
	}
	return m, p.apply()
}

// apply puts a snapshot or an update into the book; updates of a subscription that
// is being given up are passed over.
func (p *protocol) apply() error {
	f := &p.frame
	if f.snapshot {
		p.trusted = false
		// The documents do not promise an order.
		slices.SortFunc(f.bids, func(a, b book.Level) int { return cmp.Compare(b.Price, a.Price) })
		slices.SortFunc(f.asks, func(a, b book.Level) int { return cmp.Compare(a.Price, b.Price) })
		if err := p.book.Load(f.bids, f.asks, 0); err != nil {
			return fmt.Errorf("snapshot: %w: %w", feed.ErrMalformed, err)
		}
	} else if !p.trusted {
		return nil
	}
	p.trusted = false
	if !f.snapshot {
		for _, l := range f.bids {
			p.book.Set(book.Bid, l)
		}
		for _, l := range f.asks {
			p.book.Set(book.Ask, l)
		}
	}
	if err := feed.JudgeWhole(p.book); err != nil {
		return err
	}
	p.trusted = true
	return nil
}

// Trusted implements feed.Protocol.
func (p *protocol) Trusted() bool { return p.trusted }

// Book implements feed.Protocol.
func (p *protocol) Book() *book.Book { return p.book }
