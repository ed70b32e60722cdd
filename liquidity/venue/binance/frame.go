package binance

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
)

// Limits of what is read.
const (
	maxFrame = 1 << 20
	// maxLevels is the most levels on one side of an event or a snapshot. The
	// largest snapshot the venue gives has 5000.
	maxLevels = 5000
)

// kind is what an event is about.
type kind int

const (
	// kindOther is an event that says nothing about the book; venues add such.
	kindOther kind = iota
	kindDepth
	kindShutdown
)

// event is one message of a stream.
type event struct {
	kind kind
	// at is the venue's clock ("E").
	at time.Time
	// first and last number the updates in it, both included ("U", "u").
	first, last uint64
	// bids and asks are the new sizes at prices; a size of 0 removes the price.
	bids, asks []book.Level
}

// snapshot is the book as REST tells it.
type snapshot struct {
	last       uint64
	bids, asks []book.Level
}

// payload is an event as the venue writes it. encoding/json matches names without
// case where no field matches exactly, and the venue's names differ by case alone:
// the blanks take those that would otherwise land in another field.
type payload struct {
	Event  string          `json:"e"`
	Time   int64           `json:"E"`
	Symbol string          `json:"s"`
	First  uint64          `json:"U"`
	Last   uint64          `json:"u"`
	Bids   [][]string      `json:"b"`
	Asks   [][]string      `json:"a"`
	BlankS json.RawMessage `json:"S"`
	BlankB json.RawMessage `json:"B"`
	BlankA json.RawMessage `json:"A"`
}

// envelope is how combined streams wrap a payload.
type envelope struct {
	Stream string          `json:"stream"`
	Data   json.RawMessage `json:"data"`
}

// lowest and highest bound the venue's clock: a number of milliseconds, not of
// seconds or microseconds.
const (
	lowestMillis  = 1_000_000_000_000
	highestMillis = 9_999_999_999_999
)

// parseEvent reads one message of a raw or a combined stream of the symbol.
func parseEvent(raw []byte, symbol string, i liquidity.Instrument) (event, error) {
	var wrapped envelope
	if err := json.Unmarshal(raw, &wrapped); err != nil {
		return event{}, fmt.Errorf("%w: %w", feed.ErrMalformed, err)
	}
	if wrapped.Data != nil {
		raw = wrapped.Data
	}
	// Of other events only the name is read: what their fields hold is not known.
	var head struct {
		Event string          `json:"e"`
		Time  json.RawMessage `json:"E"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return event{}, fmt.Errorf("%w: %w", feed.ErrMalformed, err)
	}
	switch head.Event {
	case "depthUpdate":
		return parseDepth(raw, symbol, i)
	case "serverShutdown":
		return event{kind: kindShutdown}, nil
	case "":
		return event{}, fmt.Errorf("a message without an event's name: %w", feed.ErrMalformed)
	default:
		return event{kind: kindOther}, nil
	}
}

func parseDepth(raw []byte, symbol string, i liquidity.Instrument) (event, error) {
	var p payload
	if err := json.Unmarshal(raw, &p); err != nil {
		return event{}, fmt.Errorf("%w: %w", feed.ErrMalformed, err)
	}
	switch {
	case p.Symbol != symbol:
		return event{}, fmt.Errorf("an event of %.20q, not of %s: %w", p.Symbol, symbol, feed.ErrMalformed)
	case p.Time < lowestMillis || p.Time > highestMillis:
		return event{}, fmt.Errorf("an event at %d ms: %w", p.Time, feed.ErrMalformed)
	case p.First == 0 || p.Last < p.First:
		return event{}, fmt.Errorf("an event of updates %d to %d: %w", p.First, p.Last, feed.ErrMalformed)
	case p.Bids == nil || p.Asks == nil:
		return event{}, fmt.Errorf("an event without a side: %w", feed.ErrMalformed)
	}
	e := event{kind: kindDepth, at: time.UnixMilli(p.Time), first: p.First, last: p.Last}
	var err error
	if e.bids, err = parseLevels(p.Bids, i); err != nil {
		return event{}, fmt.Errorf("bids of update %d: %w", p.Last, err)
	}
	if e.asks, err = parseLevels(p.Asks, i); err != nil {
		return event{}, fmt.Errorf("asks of update %d: %w", p.Last, err)
	}
	return e, nil
}

// parseSnapshot reads the answer of GET /api/v3/depth.
func parseSnapshot(raw []byte, i liquidity.Instrument) (snapshot, error) {
	var body struct {
		Last uint64     `json:"lastUpdateId"`
		Bids [][]string `json:"bids"`
		Asks [][]string `json:"asks"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return snapshot{}, fmt.Errorf("%w: %w", feed.ErrMalformed, err)
	}
	if body.Last == 0 || body.Bids == nil || body.Asks == nil {
		return snapshot{}, fmt.Errorf("a snapshot without number or side: %w", feed.ErrMalformed)
	}
	s := snapshot{last: body.Last}
	var err error
	if s.bids, err = parseLevels(body.Bids, i); err != nil {
		return snapshot{}, fmt.Errorf("bids of snapshot %d: %w", s.last, err)
	}
	if s.asks, err = parseLevels(body.Asks, i); err != nil {
		return snapshot{}, fmt.Errorf("asks of snapshot %d: %w", s.last, err)
	}
	return s, nil
}

// parseLevels reads pairs of price and quantity.
func parseLevels(pairs [][]string, i liquidity.Instrument) ([]book.Level, error) {
	if len(pairs) > maxLevels {
		return nil, fmt.Errorf("%d levels, at most %d: %w", len(pairs), maxLevels, feed.ErrMalformed)
	}
	levels := make([]book.Level, len(pairs))
	for n, pair := range pairs {
		if len(pair) != 2 {
			return nil, fmt.Errorf("level %d has %d parts: %w", n, len(pair), feed.ErrMalformed)
		}
		price, err := book.ParseTicks(pair[0], i.PriceDecimals)
		if err != nil {
			return nil, fmt.Errorf("price: %w: %w", feed.ErrMalformed, err)
		}
		size, err := book.ParseTicks(pair[1], i.SizeDecimals)
		if err != nil {
			return nil, fmt.Errorf("quantity: %w: %w", feed.ErrMalformed, err)
		}
		if price == 0 {
			return nil, fmt.Errorf("level %d has no price: %w", n, feed.ErrMalformed)
		}
		levels[n] = book.Level{Price: price, Size: size}
	}
	return levels, nil
}

// validSymbol keeps what goes into addresses to letters and digits.
func validSymbol(s string) bool {
	return s != "" && len(s) <= 20 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
