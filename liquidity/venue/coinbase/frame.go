package coinbase

import (
	"fmt"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/feed/scan"
)

// maxLevels is the most levels in a message.
const maxLevels = 60_000

// The channels that are read.
const (
	channelBook       = "l2_data"
	channelHeartbeats = "heartbeats"
)

// frame is one message of the venue.
type frame struct {
	channel string
	// refused says what the venue did not like; empty if it did.
	refused  string
	at       time.Time
	sequence uint64
	// told says that it is about a product, of which snapshot tells the whole book.
	told       bool
	snapshot   bool
	product    string
	bids, asks []book.Level
}

// parse reads one message into f, whose lists are used again.
func (f *frame) parse(raw []byte, i liquidity.Instrument) error {
	*f = frame{bids: f.bids[:0], asks: f.asks[:0]}
	r := scan.New(raw)
	numbered, failed := false, false
	var events []byte
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "type":
			failed = string(r.Text()) == "error"
		case "message":
			f.refused = fmt.Sprintf("%.200q", r.Raw())
		case "channel":
			f.channel = channel(r.Text())
		case "timestamp":
			at, err := time.Parse(time.RFC3339Nano, string(r.Text()))
			if err != nil {
				r.Fail("no time")
			}
			f.at = at
		case "sequence_num":
			f.sequence, numbered = r.Uint(), true
		case "events":
			events = r.Raw()
		default:
			r.Skip()
		}
	}
	if err := r.End(); err != nil {
		return fmt.Errorf("%w: %w", feed.ErrMalformed, err)
	}
	if failed {
		return nil
	}
	f.refused = ""
	if !numbered || f.channel == "" || f.at.IsZero() {
		return fmt.Errorf("a message without channel, time or number: %w", feed.ErrMalformed)
	}
	if f.channel != channelBook {
		return nil
	}
	e := scan.New(events)
	for e.List(); e.More(); {
		if f.told {
			e.Fail("a second event") // we are subscribed to one product
		}
		f.event(&e, scan.Places{Price: i.PriceDecimals, Size: i.SizeDecimals})
	}
	if err := e.End(); err != nil {
		return fmt.Errorf("events: %w: %w", feed.ErrMalformed, err)
	}
	return nil
}

// channel spares most messages an allocation.
func channel(text []byte) string {
	switch string(text) {
	case channelBook:
		return channelBook
	case channelHeartbeats:
		return channelHeartbeats
	}
	return string(text)
}

func (f *frame) event(r *scan.Reader, p scan.Places) {
	f.told = true
	kind := ""
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "type":
			kind = string(r.Text())
		case "product_id":
			f.product = string(r.Text())
		case "updates":
			for r.List(); r.More(); {
				f.update(r, p)
			}
		default:
			r.Skip()
		}
	}
	f.snapshot = kind == "snapshot"
	if !f.snapshot && kind != "update" {
		r.Fail("an event of an unknown kind")
	}
}

// update reads {"side":"bid","price_level":"21921.73","new_quantity":"0.06317902",…}.
func (f *frame) update(r *scan.Reader, p scan.Places) {
	var l book.Level
	side := book.Side(255)
	sized := false
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "side":
			switch string(r.Text()) {
			case "bid":
				side = book.Bid
			case "offer", "ask":
				side = book.Ask
			}
		case "price_level":
			l.Price = r.Ticks(p.Price)
		case "new_quantity":
			l.Size, sized = r.Ticks(p.Size), true
		default:
			r.Skip()
		}
	}
	switch {
	case !sized || l.Price == 0 || len(f.bids)+len(f.asks) == maxLevels:
		r.Fail("no level, or one too many")
	case side == book.Bid:
		f.bids = append(f.bids, l)
	case side == book.Ask:
		f.asks = append(f.asks, l)
	default:
		r.Fail("a level of no side")
	}
}
