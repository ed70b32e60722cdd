package trade

import (
	"context"
	"errors"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/swap/asset"
)

// Errors of a Venue.
var (
	// ErrNotPlaced is certain: the venue refused the order, or it was never sent.
	ErrNotPlaced = errors.New("the order was not placed")
	// ErrNoOrder means that the venue knows no order of that client id now.
	ErrNoOrder = errors.New("the venue knows no such order")
	// ErrWait means that nothing was asked, because the venue's limits don't allow it now.
	ErrWait = errors.New("the venue's limits ask to wait")
	// ErrCut means that a list of fills is longer than was read: it proves nothing.
	ErrCut = errors.New("there are more fills than were read")
)

// Depth is one moment of a venue's book: best levels first.
type Depth struct {
	Bids, Asks []book.Level
}

// Venue trades at one venue. Its methods are safe for concurrent use, bounded in time and
// in what they read, and never repeat a request by themselves.
type Venue interface {
	// Name is the venue's: "kraken".
	Name() string
	// Rules are what it takes of an instrument now.
	Rules(ctx context.Context, i liquidity.Instrument) (Rules, error)
	// Depth is its book, of some 50 levels a side.
	Depth(ctx context.Context, i liquidity.Instrument) (Depth, error)
	// Place sends the order once. An error that is not ErrNotPlaced leaves open whether it
	// was filled.
	Place(ctx context.Context, o Order) (Report, error)
	// Find asks for the order by its client id; ErrNoOrder if there is none. since is a time
	// before the order was sent.
	Find(ctx context.Context, o Order, since time.Time) (Report, error)
	// Fills are all trades of the account in the instrument since a time, of anybody's
	// orders; ErrCut if not all were read.
	Fills(ctx context.Context, i liquidity.Instrument, since time.Time) ([]Fill, error)
	// Balances are what the account has, free or not, in base units; of assets that Ferry
	// knows.
	Balances(ctx context.Context) (map[asset.ID]asset.Units, error)
}
