package binance

import (
	"fmt"
	"strings"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/feed/scan"
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

// lowest and highest bound the venue's clock: a number of milliseconds, not of
// seconds or microseconds.
const (
	lowestMillis  = 1_000_000_000_000
	highestMillis = 9_999_999_999_999
)

// parseEvent reads one message of a raw or a combined stream of the symbol.
func parseEvent(raw []byte, symbol string, i liquidity.Instrument) (event, error) {
	var p payload
	r := scan.New(raw)
	p.read(&r, i)
	if err := r.End(); err != nil {
		return event{}, fmt.Errorf("%w: %w", feed.ErrMalformed, err)
	}
	if p.data != nil {
		raw, p = p.data, payload{}
		r = scan.New(raw)
		p.read(&r, i)
	}
	switch p.name {
	case "depthUpdate":
	case "serverShutdown":
		return event{kind: kindShutdown}, nil
	case "":
		if p.refused != nil {
			return event{}, fmt.Errorf("binance refuses: %.200q", p.refused)
		}
		if p.answer {
			return event{kind: kindOther}, nil
		}
		return event{}, fmt.Errorf("a message without an event's name: %w", feed.ErrMalformed)
	default:
		return event{kind: kindOther}, nil
	}
	if p.late {
		// The name came after what it decides about: read again, knowing it.
		p = payload{name: p.name}
		r = scan.New(raw)
		p.read(&r, i)
	}
	if err := r.End(); err != nil {
		return event{}, fmt.Errorf("update: %w: %w", feed.ErrMalformed, err)
	}
	return p.depth(symbol)
}

// payload is an event as the venue writes it. Of events that are no depthUpdate only
// the name is read: what their fields hold is not known.
type payload struct {
	name string
	// late says that there was something before the name.
	late bool
	data []byte
	// answer says that it is one to a request, which refused holds the reason of, if it is.
	answer      bool
	refused     []byte
	millis      int64
	symbol      string
	first, last uint64
	bids, asks  []book.Level
	sides       int
}

func (p *payload) read(r *scan.Reader, i liquidity.Instrument) {
	places := scan.Places{Price: i.PriceDecimals, Size: i.SizeDecimals}
	for r.Object(); r.More(); {
		key := string(r.Key())
		switch key {
		case "e":
			p.name = name(r.Text())
			continue
		case "data":
			p.data = r.Raw()
			continue
		case "id":
			p.answer = true
		case "error", "code":
			if p.name == "" {
				p.refused = r.Raw()
				continue
			}
		}
		if p.name != "depthUpdate" {
			p.late = p.late || p.name == ""
			r.Skip()
			continue
		}
		switch key {
		case "E":
			p.millis = r.Int()
		case "s":
			p.symbol = string(r.Text())
		case "U":
			p.first = r.Uint()
		case "u":
			p.last = r.Uint()
		case "b":
			p.bids = r.Levels(make([]book.Level, 0, usualLevels), places, maxLevels)
			p.sides |= 1
		case "a":
			p.asks = r.Levels(make([]book.Level, 0, usualLevels), places, maxLevels)
			p.sides |= 2
		default:
			r.Skip()
		}
	}
}

// usualLevels have room in most events, bothSides is what sides is with both.
const (
	usualLevels = 16
	bothSides   = 3
)

// name spares most messages an allocation.
func name(text []byte) string {
	if string(text) == "depthUpdate" {
		return "depthUpdate"
	}
	return string(text)
}

// depth checks a depthUpdate.
func (p *payload) depth(symbol string) (event, error) {
	switch {
	case p.symbol != symbol:
		return event{}, fmt.Errorf("an event of %.20q, not of %s: %w", p.symbol, symbol, feed.ErrMalformed)
	case p.millis < lowestMillis || p.millis > highestMillis:
		return event{}, fmt.Errorf("an event at %d ms: %w", p.millis, feed.ErrMalformed)
	case p.first == 0 || p.last < p.first:
		return event{}, fmt.Errorf("an event of updates %d to %d: %w", p.first, p.last, feed.ErrMalformed)
	case p.sides != bothSides:
		return event{}, fmt.Errorf("an event without a side: %w", feed.ErrMalformed)
	}
	return event{kind: kindDepth, at: time.UnixMilli(p.millis), first: p.first, last: p.last, bids: p.bids, asks: p.asks}, nil
}

// parseSnapshot reads the answer of GET /api/v3/depth.
func parseSnapshot(raw []byte, i liquidity.Instrument) (snapshot, error) {
	var s snapshot
	places := scan.Places{Price: i.PriceDecimals, Size: i.SizeDecimals}
	r := scan.New(raw)
	sides := 0
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "lastUpdateId":
			s.last = r.Uint()
		case "bids":
			s.bids = r.Levels(nil, places, maxLevels)
			sides |= 1
		case "asks":
			s.asks = r.Levels(nil, places, maxLevels)
			sides |= 2
		default:
			r.Skip()
		}
	}
	if err := r.End(); err != nil {
		return snapshot{}, fmt.Errorf("snapshot: %w: %w", feed.ErrMalformed, err)
	}
	if s.last == 0 || sides != bothSides {
		return snapshot{}, fmt.Errorf("a snapshot without number or side: %w", feed.ErrMalformed)
	}
	return s, nil
}

// validSymbol keeps what goes into addresses to letters and digits.
func validSymbol(s string) bool {
	return s != "" && len(s) <= 20 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
