package trade

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"ferry/liquidity"
	"ferry/swap/asset"
)

// Side is what an order does with the instrument's Base.
type Side string

// The sides.
const (
	Buy  Side = "buy"
	Sell Side = "sell"
)

// Order is a limit order that is filled at once as far as it can be, and of which the rest
// is cancelled (immediate or cancel). None stays in a book.
type Order struct {
	// ClientID is ours, 32 hexadecimal digits: what all venues take. It is never used for
	// two orders, because venues compare it with open orders only.
	ClientID   string
	Instrument liquidity.Instrument
	Side       Side
	// Size is in units of 10^-SizeDecimals coins of Base, Price in ticks: the worst that is
	// accepted.
	Size, Price uint64
	// Deadline is when the venue must refuse the order if it comes no earlier.
	Deadline time.Time
}

// Validate reports an order that must not be sent.
func (o Order) Validate() error {
	if raw, err := hex.DecodeString(o.ClientID); err != nil || len(raw) != 16 {
		return fmt.Errorf("client order id %.40q is not 32 hexadecimal digits", o.ClientID)
	}
	if o.Side != Buy && o.Side != Sell || o.Size == 0 || o.Price == 0 || o.Deadline.IsZero() {
		return fmt.Errorf("order %s: a side, a size, a price and a deadline are needed", o.ClientID)
	}
	return o.Instrument.Validate()
}

// Report is a venue's word on an order.
type Report struct {
	// VenueID is the venue's own id of the order.
	VenueID string
	// Over: nothing more will be filled.
	Over bool
	// Filled is how much was, in units of the order's Size.
	Filled uint64
}

// Fill is one trade of ours.
type Fill struct {
	// ID is the venue's id of the trade, unique at the venue. VenueOrderID is that of its
	// order; ClientID is ours, "" where the venue does not tell it with trades.
	ID, VenueOrderID, ClientID string
	Side                       Side
	Price, Size                uint64
	// Cost is what was paid or had in base units of Quote, where that is not exactly
	// price × size; zero where it is.
	Cost asset.Units
	// Fee is what the venue kept, rounded up to the asset's base units; its Asset is "" for
	// none. A rebate is none.
	Fee asset.Amount
	At  time.Time
}

// Of reports whether the fill belongs to the order, which the venue calls venueID ("" if
// that is not known).
func (f Fill) Of(o Order, venueID string) bool {
	return f.ClientID != "" && f.ClientID == o.ClientID || venueID != "" && f.VenueOrderID == venueID
}

// Rules are what a venue takes of an instrument, in the order's units and ticks.
type Rules struct {
	PriceStep, SizeStep uint64
	// MinSize is the least size; MinCost the least price × size, in 10^-SizeDecimals coins
	// of Quote.
	MinSize, MinCost uint64
}

// Validate reports rules that can't be kept.
func (r Rules) Validate() error {
	if r.PriceStep == 0 || r.SizeStep == 0 {
		return errors.New("a venue's rules have no steps")
	}
	return nil
}
