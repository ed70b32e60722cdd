package liquidity

import (
	"context"
	"fmt"
	"time"

	"ferry/swap/asset"
)

// Instrument is what a venue quotes: the price of one Base in Quote.
type Instrument struct {
	Base  asset.ID
	Quote asset.ID
	// PriceDecimals is the places of a price: a tick is 10^-PriceDecimals coins of
	// Quote per coin of Base. SizeDecimals is the same for sizes, in coins of Base.
	PriceDecimals int
	SizeDecimals  int
}

// String is the instrument's name, for example "ETH-BTC".
func (i Instrument) String() string { return string(i.Base) + "-" + string(i.Quote) }

// Covers reports whether a pair can be priced from the instrument, in either direction.
func (i Instrument) Covers(p asset.Pair) bool {
	return p.From == i.Base && p.To == i.Quote || p.From == i.Quote && p.To == i.Base
}

// maxDecimals bounds the places of prices and sizes so that ticks fit 64 bits.
const maxDecimals = 18

// Validate reports an instrument of unknown assets or with absurd places.
func (i Instrument) Validate() error {
	for _, id := range []asset.ID{i.Base, i.Quote} {
		if _, ok := asset.Lookup(id); !ok {
			return fmt.Errorf("instrument %s: asset %.20q is not known", i, id)
		}
	}
	if i.Base == i.Quote {
		return fmt.Errorf("instrument %s is priced in itself", i)
	}
	if i.PriceDecimals < 0 || i.PriceDecimals > maxDecimals || i.SizeDecimals < 0 || i.SizeDecimals > maxDecimals {
		return fmt.Errorf("instrument %s: places must be from 0 to %d", i, maxDecimals)
	}
	return nil
}

// Level is one side of the top of a book: Price in ticks of the instrument, Size
// in units of 10^-SizeDecimals coins of Base.
type Level struct {
	Price uint64
	Size  uint64
}

// DepthMost bounds the levels of a side that a Top carries.
const DepthMost = 20

// Top is the best bid and ask of an instrument as a venue last told them.
type Top struct {
	Instrument Instrument
	Bid, Ask   Level
	// Bids and Asks are the levels that the venue's book is known to have, best first
	// with Bid and Ask, at most DepthMost. Empty where the venue tells its top only.
	// They are never changed after they were delivered.
	Bids, Asks []Level
	// VenueTime is the venue's clock in its newest message (a heartbeat counts),
	// ReceivedAt ours when it came in.
	VenueTime  time.Time
	ReceivedAt time.Time
	// Unavailable says why the venue has no book now ("" when it has): the sentence
	// goes to users. Bid and Ask are then meaningless.
	Unavailable string
}

// Source is a venue's stream of one instrument. It reconnects by itself.
type Source interface {
	// Name is the venue's: "kraken".
	Name() string
	// Instrument is what the stream quotes.
	Instrument() Instrument
	// StaleAfter is the age from which a Top must not be priced from. It counts
	// from the last message, not from the last change.
	StaleAfter() time.Duration
	// Stream hands over every change, every heartbeat and every loss of the
	// connection, in order and one at a time, until ctx ends; then it returns
	// nil. It returns an error only for what reconnecting can't mend.
	Stream(ctx context.Context, deliver func(Top)) error
}
