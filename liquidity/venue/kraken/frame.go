package kraken

import (
	"fmt"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/feed/scan"
)

// maxLevels is the most levels on one side of a message: the deepest subscription
// has 1000.
const maxLevels = 1000

// level is a level with how it was written, which its checksum is made of.
type level struct {
	book.Level
	digits   digits
	decimals decimals
}

// frame is one message of the venue.
type frame struct {
	// channel is "book", "heartbeat", "status", …; empty in answers.
	channel string
	// snapshot tells the whole book, otherwise what has changed.
	snapshot bool
	// method is what an answer is to; refused says why the venue refuses, empty if it
	// does not.
	method, refused string

	symbol   string
	checksum uint32
	// at is zero where the message has no time.
	at         time.Time
	bids, asks []level
}

// parse reads one message into f, whose lists are used again.
func (f *frame) parse(raw []byte, i liquidity.Instrument) error {
	*f = frame{bids: f.bids[:0], asks: f.asks[:0]}
	r := scan.New(raw)
	kind, books, ok := "", 0, true
	var data []byte // where it comes before the channel's name
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "channel":
			f.channel = channel(r.Text())
		case "type":
			kind = kindOf(r.Text())
		case "method":
			f.method = string(r.Text())
		case "success":
			ok = r.True()
		case "error":
			f.refused = fmt.Sprintf("%.200q", r.Raw())
		case "data":
			switch f.channel {
			case "book":
				books += f.books(&r, i)
			case "":
				data = r.Raw()
			default:
				r.Skip()
			}
		default:
			r.Skip()
		}
	}
	if err := r.End(); err != nil {
		return fmt.Errorf("%w: %w", feed.ErrMalformed, err)
	}
	if !ok && f.refused == "" {
		f.refused = "no reason given"
	}
	if f.channel != "book" {
		return nil
	}
	if data != nil {
		d := scan.New(data)
		books += f.books(&d, i)
		if err := d.End(); err != nil {
			return fmt.Errorf("data: %w: %w", feed.ErrMalformed, err)
		}
	}
	f.snapshot = kind == "snapshot"
	if books != 1 || !f.snapshot && kind != "update" {
		return fmt.Errorf("%d books of kind %.20q in a message: %w", books, kind, feed.ErrMalformed)
	}
	return nil
}

// books reads a message's data and says how many books it has.
func (f *frame) books(r *scan.Reader, i liquidity.Instrument) (n int) {
	for r.List(); r.More(); n++ {
		f.book(r, i)
	}
	return n
}

// kindOf spares most messages an allocation, as does channel.
func kindOf(text []byte) string {
	switch string(text) {
	case "update":
		return "update"
	case "snapshot":
		return "snapshot"
	}
	return string(text)
}

func channel(text []byte) string {
	switch string(text) {
	case "book":
		return "book"
	case "heartbeat":
		return "heartbeat"
	}
	return string(text)
}

// book reads what a message says of one symbol.
func (f *frame) book(r *scan.Reader, i liquidity.Instrument) {
	summed := false
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "symbol":
			f.symbol = string(r.Text())
		case "bids":
			f.bids = levels(r, f.bids[:0], i)
		case "asks":
			f.asks = levels(r, f.asks[:0], i)
		case "checksum":
			sum := r.Uint()
			if sum > 1<<32-1 {
				r.Fail("a checksum of more than 32 bits")
			}
			f.checksum, summed = uint32(sum), true
		case "timestamp":
			at, err := time.Parse(time.RFC3339Nano, string(r.Text()))
			if err != nil {
				r.Fail("no time")
			}
			f.at = at
		default:
			r.Skip()
		}
	}
	if !summed {
		r.Fail("no checksum")
	}
}

// levels reads a list of {"price": 45285.2, "qty": 0.00100000}.
func levels(r *scan.Reader, into []level, i liquidity.Instrument) []level {
	for r.List(); r.More(); {
		var l level
		told := 0
		for r.Object(); r.More(); {
			switch string(r.Key()) {
			case "price":
				l.digits.price, l.decimals.price, l.Price = number(r, i.PriceDecimals)
				told |= 1
			case "qty":
				l.digits.size, l.decimals.size, l.Size = number(r, i.SizeDecimals)
				told |= 2
			default:
				r.Skip()
			}
		}
		if told != 3 || l.Price == 0 || len(into) == maxLevels {
			r.Fail("no level, or one too many")
		}
		if r.Err() != nil {
			return into
		}
		into = append(into, l)
	}
	return into
}

// number reads a number: its digits, how many of them are decimals, and as ticks,
// exactly.
func number(r *scan.Reader, places int) (digits uint64, decimals int, ticks uint64) {
	digits, decimals = r.Decimal()
	ticks, ok := scan.Shift(digits, places-decimals)
	if !ok {
		r.Fail("a number of more places, or too large")
	}
	return digits, decimals, ticks
}
