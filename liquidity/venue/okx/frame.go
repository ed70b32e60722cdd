package okx

import (
	"fmt"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/feed/scan"
)

// parts are what a level has: price, size, one that is not used any more, and orders.
const parts = 4

// maxLevels is the most levels on one side of a message.
const maxLevels = 1000

// lowest and highest bound the venue's clock: a number of milliseconds.
const (
	lowestMillis  = 1_000_000_000_000
	highestMillis = 9_999_999_999_999
)

// books is the channel that is read.
const books = "books"

// frame is one message of the venue.
type frame struct {
	// event is "subscribe", "error", "notice", …; empty for data.
	event, message string
	// told says that it is data of the channel; action is "snapshot" or "update".
	told       bool
	action     string
	instrument string
	at         time.Time
	// previous is -1 in snapshots.
	previous, sequence int64
	bids, asks         []book.Level
}

// parse reads one message into f, whose lists are used again.
func (f *frame) parse(raw []byte, i liquidity.Instrument) error {
	*f = frame{bids: f.bids[:0], asks: f.asks[:0]}
	r := scan.New(raw)
	channel := ""
	var data []byte // where it comes before the channel's name
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "event":
			f.event = string(r.Text())
		case "msg":
			f.message = fmt.Sprintf("%.200q", r.Raw())
		case "action":
			f.action = action(r.Text())
		case "arg":
			for r.Object(); r.More(); {
				switch string(r.Key()) {
				case "channel":
					if string(r.Text()) == books {
						channel = books
					} else {
						channel = "another"
					}
				case "instId":
					f.instrument = string(r.Text())
				default:
					r.Skip()
				}
			}
		case "data":
			switch channel {
			case books:
				f.books(&r, i)
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
	if f.event != "" || channel != books {
		return nil
	}
	if data != nil {
		d := scan.New(data)
		f.books(&d, i)
		if err := d.End(); err != nil {
			return fmt.Errorf("data: %w: %w", feed.ErrMalformed, err)
		}
	}
	if !f.told || f.action != "snapshot" && f.action != "update" {
		return fmt.Errorf("no book, or of kind %.20q: %w", f.action, feed.ErrMalformed)
	}
	return nil
}

// action spares most messages an allocation.
func action(text []byte) string {
	switch string(text) {
	case "update":
		return "update"
	case "snapshot":
		return "snapshot"
	}
	return string(text)
}

// books reads a message's data.
func (f *frame) books(r *scan.Reader, i liquidity.Instrument) {
	for r.List(); r.More(); {
		if f.told {
			r.Fail("a second book")
		}
		f.book(r, scan.Places{Price: i.PriceDecimals, Size: i.SizeDecimals, Parts: parts})
	}
}

// book reads what a message says of one instrument.
func (f *frame) book(r *scan.Reader, p scan.Places) {
	f.told = true
	chained := 0
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "bids":
			f.bids = r.Levels(f.bids[:0], p, maxLevels)
		case "asks":
			f.asks = r.Levels(f.asks[:0], p, maxLevels)
		case "ts":
			ms, ok := scan.Ticks(r.Text(), 0)
			if !ok || ms < lowestMillis || ms > highestMillis {
				r.Fail("no time in milliseconds")
			}
			f.at = time.UnixMilli(int64(ms))
		case "seqId":
			f.sequence = r.Int()
			chained |= 1
		case "prevSeqId":
			f.previous = r.Int()
			chained |= 2
		default:
			r.Skip()
		}
	}
	if chained != 3 || f.at.IsZero() {
		r.Fail("no sequence, or no time")
	}
}
