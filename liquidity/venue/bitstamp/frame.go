package bitstamp

import (
	"fmt"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/feed/scan"
)

// maxLevels is the most levels on one side of a message or a snapshot.
const maxLevels = 20_000

// lowest and highest bound the venue's clock: a number of microseconds.
const (
	lowestMicros  = 1_000_000_000_000_000
	highestMicros = 9_999_999_999_999_999
)

// changes are the sizes at some prices as of a microtimestamp; of a whole book in
// snapshots.
type changes struct {
	micros     uint64
	bids, asks []book.Level
}

// at is the venue's clock.
func (c changes) at() time.Time { return time.UnixMicro(int64(c.micros)) }

// frame is one message of the venue.
type frame struct {
	// event is "data", "bts:subscription_succeeded", "bts:error", …
	event, channel string
	// message is the data of an event that is none of "data".
	message string
	changes changes
}

// parseFrame reads one message; the lists are the caller's to keep.
func parseFrame(raw []byte, i liquidity.Instrument) (frame, error) {
	var f frame
	r := scan.New(raw)
	var data []byte
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "event":
			f.event = string(r.Text())
		case "channel":
			f.channel = string(r.Text())
		case "data":
			data = r.Raw()
		default:
			r.Skip()
		}
	}
	if err := r.End(); err != nil {
		return f, fmt.Errorf("%w: %w", feed.ErrMalformed, err)
	}
	switch f.event {
	case "":
		return f, fmt.Errorf("a message without an event's name: %w", feed.ErrMalformed)
	case "data":
		var err error
		f.changes, err = parseChanges(data, i)
		return f, err
	}
	f.message = fmt.Sprintf("%.200q", data)
	return f, nil
}

// parseChanges reads the data of an event, or the answer of the REST order book.
func parseChanges(raw []byte, i liquidity.Instrument) (changes, error) {
	var c changes
	p := scan.Places{Price: i.PriceDecimals, Size: i.SizeDecimals}
	r := scan.New(raw)
	sides := 0
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "microtimestamp":
			c.micros = r.Ticks(0)
		case "bids":
			c.bids = r.Levels(c.bids[:0], p, maxLevels)
			sides |= 1
		case "asks":
			c.asks = r.Levels(c.asks[:0], p, maxLevels)
			sides |= 2
		default:
			r.Skip()
		}
	}
	if r.Err() == nil && (sides != 3 || c.micros < lowestMicros || c.micros > highestMicros) {
		r.Fail("no side, or no time in microseconds")
	}
	if err := r.End(); err != nil {
		return c, fmt.Errorf("%w: %w", feed.ErrMalformed, err)
	}
	return c, nil
}
