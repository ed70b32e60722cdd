package chain

import "context"

// TransferReader is what a Reader implements besides if it reads more than the block for
// Block (an execution trace, old balances), which a node may not have any more.
type TransferReader interface {
	// Transfers is what transactions themselves brought to watched addresses in a block of
	// the best chain, in the chain's own asset: those of Block's credits whose source is
	// Transfer. It rests on what the block's header commits to and nothing else.
	Transfers(ctx context.Context, ref Ref, w Watch) ([]Credit, error)
}
