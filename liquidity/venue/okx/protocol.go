package okx

import (
	"fmt"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
)

// depth is how many levels of a side the channel has.
const depth = 400

// protocol is a book on one connection.
type protocol struct {
	feed.Streamed
	name       string
	instrument liquidity.Instrument
	frame      frame
	book       *book.Book
	trusted    bool
	// last is the sequence number of the newest message applied.
	last int64
}

var _ feed.Protocol = (*protocol)(nil)

// Open is a connection's state.
func Open(name string, i liquidity.Instrument) feed.Protocol {
	return &protocol{name: name, instrument: i, book: book.New(depth + maxLevels)}
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
	case f.event == "error":
		return feed.Message{}, fmt.Errorf("okx refuses: %s", f.message)
	case f.event == "notice":
		// Sent 60 seconds before a service upgrade ends the connection.
		return feed.Message{Kind: feed.Shutdown}, nil
	case !f.told:
		return feed.Message{}, nil
	case f.instrument != p.name:
		return feed.Message{}, fmt.Errorf("a book of %.20q, not of %s: %w", f.instrument, p.name, feed.ErrMalformed)
	}
	return feed.Message{Kind: feed.Update, At: f.at}, p.apply()
}

func (p *protocol) apply() error {
	f := &p.frame
	if f.action == "snapshot" {
		p.trusted = false
		if err := p.book.Load(f.bids, f.asks, 0); err != nil {
			return fmt.Errorf("snapshot %d: %w: %w", f.sequence, feed.ErrMalformed, err)
		}
	} else {
		if !p.trusted {
			return nil // of a subscription that is being given up
		}
		p.trusted = false
		if f.previous != p.last {
			return fmt.Errorf("message %d names %d as the one before, we have %d: %w", f.sequence, f.previous, p.last, feed.ErrGap)
		}
		for _, l := range f.bids {
			p.book.Set(book.Bid, l)
		}
		for _, l := range f.asks {
			p.book.Set(book.Ask, l)
		}
		p.book.Truncate(depth)
	}
	p.last = f.sequence
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
