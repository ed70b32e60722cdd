package hedge

import (
	"context"
	"errors"
	"time"

	"ferry/swap/asset"
	"ferry/swap/bus"
)

// Errors of a Store.
var (
	// ErrOvertaken means that another round of the asset was stored meanwhile.
	ErrOvertaken = errors.New("another round was stored meanwhile")
	// ErrSettled means that the order's outcome is stored already.
	ErrSettled = errors.New("the order's outcome is stored already")
)

// Store keeps exposures, orders, fills and liquidity's own book. What a method changes it
// changes in one transaction, and none of two processes' changes is lost.
type Store interface {
	// Promises are the accepted locks of swaps; unknown ones are left out.
	Promises(ctx context.Context, swapIDs []string) (map[string]Promise, error)
	// Expose books what has changed of the swaps' exposures and advances the consumer's
	// offset; exposures of versions that are stored already change nothing. An unconfirmed
	// one counts if the cap of its asset leaves room beside all others that count.
	// bus.ErrOffsetMoved if the batch is not this consumer's next.
	Expose(ctx context.Context, consumer string, b bus.Batch, exposures []Exposure, caps map[asset.ID]asset.Units, marks Marks) error
	// Offset is the consumer's next offset.
	Offset(ctx context.Context, consumer, topic string, partition int32) (int64, error)
	// Positions are those of all assets that ever had one, with their open orders.
	Positions(ctx context.Context) ([]Position, error)
	// Flows are what the house has got and given, by all swaps and fills booked since a time.
	Flows(ctx context.Context, since time.Time) (Flows, error)
	// Intend stores orders of one asset, which must have none that is open, as the round
	// after the position's; ErrOvertaken if that is not the newest.
	Intend(ctx context.Context, p Position, orders []Intent) error
	// Settle books an open order's outcome, with its fills, what they cost and whose swaps
	// they cover; ErrSettled if it is not open.
	Settle(ctx context.Context, o Outcome) error
	// VenueOrders are the venue's ids of orders of ours at a venue, settled since a time.
	VenueOrders(ctx context.Context, venue string, since time.Time) (map[string]bool, error)
	// Propose stores a venue's proposals to treasury: what is proposed no more ends, what goes
	// on keeps its beginning.
	Propose(ctx context.Context, venue string, proposals []Proposal, now time.Time) error
}
