package chain

import "context"

// Market is what a node shows of the price of room in blocks. None of it is believed
// alone: package fee puts it together.
type Market interface {
	// EstimateRate is the node's own estimate of what is mined within so many blocks.
	// ErrNoEstimate where it has none.
	EstimateRate(ctx context.Context, blocks int) (Rate, error)
	// BlockRate is what the newest blocks were paid, at most so many: the median over
	// those that hold a transaction besides the reward, as this reader works it out from
	// the blocks. ErrNoEstimate where none does.
	BlockRate(ctx context.Context, blocks int) (Rate, error)
	// FloorRate is the least that the node takes or a block can hold now; 0 if it does
	// not say.
	FloorRate(ctx context.Context) (Rate, error)
}
