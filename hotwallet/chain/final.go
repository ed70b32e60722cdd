package chain

import (
	"context"
	"fmt"

	"ferry/swap"
)

// Final is how far up a node calls its chain safe and finalized. A Ref that is zero
// means that it calls no block so.
type Final struct {
	Safe, Finalized Ref
	// Ahead: the node tells of blocks that are further up than the chain was read.
	Ahead bool
}

// Finalizing is what a Reader implements besides if its node's consensus tells blocks
// that it keeps from blocks that are merely deep.
type Finalizing interface {
	// Final asks the node. That it has no such block is an answer and no error.
	Final(ctx context.Context) (Final, error)
}

// FinalOf is what a Reader's node calls safe and finalized: nothing, where the chain has
// no such thing.
func FinalOf(ctx context.Context, r Reader) (Final, error) {
	if node, ok := r.(Finalizing); ok {
		return node.Final(ctx)
	}
	return Final{}, nil
}

// At is what a block of the chain is by its height. A finalized block is a safe one too,
// whichever of the two the node has told.
func (f Final) At(height int64) swap.Finality {
	switch {
	case f.Finalized.Hash != "" && height <= f.Finalized.Height:
		return swap.FinalityFinalized
	case f.Safe.Hash != "" && height <= f.Safe.Height:
		return swap.FinalitySafe
	}
	return swap.FinalityNone
}

// Up is the highest block that is what was asked for; false if there is none.
func (f Final) Up(to swap.Finality) (Ref, bool) {
	best := f.Finalized
	if to == swap.FinalitySafe && (best.Hash == "" || f.Safe.Hash != "" && best.Height < f.Safe.Height) {
		best = f.Safe
	}
	return best, best.Hash != ""
}

// finalityLate is how deep a block may get until it is late that it is not finalized, in
// blocks. Ethereum finalizes with the end of the second epoch after a block's own, 32 to
// an epoch, so that 95 is the most while all goes well.
const finalityLate = 128

// Late says, in a sentence, that blocks of a height should be what is needed by now and
// are not, seen from a tip; "" while it is no more than usual. The sentence stays the
// same as long as the node's answer does.
func (f Final) Late(height, tip int64, needed swap.Finality) string {
	up, exists := f.Up(needed)
	switch {
	case f.At(height).Covers(needed) || f.Ahead:
		return ""
	case !exists:
		return fmt.Sprintf("the node calls no block %s: deposits that need it are held, smaller ones go on", needed)
	case tip-height+1 > finalityLate:
		return fmt.Sprintf("the node calls no block above %d %s: deposits that need it are held, smaller ones go on", up.Height, needed)
	}
	return ""
}
