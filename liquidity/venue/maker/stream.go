package maker

import (
	"fmt"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/feed/scan"
)

// Name is the streaming maker's in settings, logs and metrics.
const Name = "maker"

// Limits of the stream.
const (
	life       = 23 * time.Hour
	maxFrame   = 64 << 10
	maxLevels  = 50
	dialMost   = 50
	dialWindow = 10 * time.Minute
)

// lowest and highest bound the maker's clock: a number of milliseconds.
const (
	lowestMillis  = 1_000_000_000_000
	highestMillis = 9_999_999_999_999
)

// New is the maker's quotes of an instrument. It connects nothing yet.
func New(m feed.Market) (*feed.Venue, error) {
	name := m.Instrument.String()
	return feed.New(feed.Config{Market: m, Venue: Name, Name: name, Class: liquidity.ClassMaker, BooksMost: 1, Life: life, MaxFrame: maxFrame, DialMost: dialMost, DialWindow: dialWindow,
		Wire: func() feed.Wire {
			return feed.Alone{Name: name, Ask: fmt.Appendf(nil, `{"type":"subscribe","pair":%q}`, name)}
		},
		Open: func() feed.Protocol { return Open(m.Instrument) }})
}

// protocol is what one connection's messages mean.
type protocol struct {
	feed.Streamed
	instrument liquidity.Instrument
	frame      frame
	book       *book.Book
	trusted    bool
	last       int64
}

var _ feed.Protocol = (*protocol)(nil)

// Open is a connection's state.
func Open(i liquidity.Instrument) feed.Protocol {
	return &protocol{instrument: i, book: book.New(2 * maxLevels)}
}

// Doubt implements feed.Protocol: what comes next is whole.
func (p *protocol) Doubt() { p.trusted = false }

// Take implements feed.Protocol.
func (p *protocol) Take(raw []byte) (feed.Message, error) {
	f := &p.frame
	if err := f.parse(raw, p.instrument); err != nil {
		return feed.Message{}, err
	}
	switch f.kind {
	case "levels", "withdrawn":
	case "error":
		return feed.Message{}, fmt.Errorf("the maker refuses: %w", feed.ErrMalformed)
	default:
		return feed.Message{}, nil
	}
	if f.pair != p.instrument.String() {
		return feed.Message{}, fmt.Errorf("quotes of %.20q, not of %s: %w", f.pair, p.instrument, feed.ErrMalformed)
	}
	return feed.Message{Kind: feed.Update, At: f.at}, p.apply()
}

func (p *protocol) apply() error {
	f := &p.frame
	p.trusted = false
	if f.sequence <= p.last {
		return fmt.Errorf("quotes %d come after %d: %w", f.sequence, p.last, feed.ErrGap)
	}
	p.last = f.sequence
	if f.kind == "withdrawn" {
		return fmt.Errorf("the maker has withdrawn its quotes: %w", feed.ErrDry)
	}
	if err := p.book.Load(f.bids, f.asks, 0); err != nil {
		return fmt.Errorf("quotes %d: %w: %w", f.sequence, feed.ErrMalformed, err)
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

// frame is one message.
type frame struct {
	kind, pair string
	sequence   int64
	at         time.Time
	bids, asks []book.Level
}

// parse reads a message into f, whose lists are used again.
func (f *frame) parse(raw []byte, i liquidity.Instrument) error {
	*f = frame{bids: f.bids[:0], asks: f.asks[:0]}
	places := scan.Places{Price: i.PriceDecimals, Size: i.SizeDecimals}
	r := scan.New(raw)
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "type":
			f.kind = string(r.Text())
		case "pair":
			f.pair = string(r.Text())
		case "seq":
			f.sequence = r.Int()
		case "ts":
			ms := r.Int()
			if ms < lowestMillis || ms > highestMillis {
				r.Fail("no time in milliseconds")
			}
			f.at = time.UnixMilli(ms)
		case "bids":
			f.bids = r.Levels(f.bids, places, maxLevels)
		case "asks":
			f.asks = r.Levels(f.asks, places, maxLevels)
		default:
			r.Skip()
		}
	}
	if err := r.End(); err != nil {
		return fmt.Errorf("%w: %w", feed.ErrMalformed, err)
	}
	if (f.kind == "levels" || f.kind == "withdrawn") && (f.sequence <= 0 || f.at.IsZero()) {
		return fmt.Errorf("quotes without a number or a time: %w", feed.ErrMalformed)
	}
	return nil
}
