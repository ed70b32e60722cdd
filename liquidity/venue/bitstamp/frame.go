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
	changes        changes
}

// parseFrame reads one message; the lists are those of into, used again.
func parseFrame(raw []byte, into changes, i liquidity.Instrument) (frame, error) {
	f := frame{changes: into}
	r := scan.New(raw)
	sides := 0
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "event":
			f.event = event(r.Text())
		case "channel":
			f.channel = string(r.Text())
		case "data":
			// What it is about may come after it: other events have other members.
			if r.Next() == '{' {
				sides = f.changes.read(&r, i)
			} else {
				r.Skip()
			}
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
		return f, f.changes.whole(sides)
	}
	return f, nil
}

// event spares most messages an allocation.
func event(text []byte) string {
	if string(text) == "data" {
		return "data"
	}
	return string(text)
}

// parseChanges reads the answer of the REST order book.
func parseChanges(raw []byte, i liquidity.Instrument) (changes, error) {
	var c changes
	r := scan.New(raw)
	sides := c.read(&r, i)
	if err := r.End(); err != nil {
		return c, fmt.Errorf("%w: %w", feed.ErrMalformed, err)
	}
	return c, c.whole(sides)
}

// bothSides is what read says when there are both.
const bothSides = 3

// read reads an object with changes and says which sides it has.
func (c *changes) read(r *scan.Reader, i liquidity.Instrument) (sides int) {
	*c = changes{bids: c.bids[:0], asks: c.asks[:0]}
	p := scan.Places{Price: i.PriceDecimals, Size: i.SizeDecimals}
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
	return sides
}

// whole reports changes without a side or a time.
func (c *changes) whole(sides int) error {
	if sides != bothSides || c.micros < lowestMicros || c.micros > highestMicros {
		return fmt.Errorf("no side, or no time in microseconds: %w", feed.ErrMalformed)
	}
	return nil
}
