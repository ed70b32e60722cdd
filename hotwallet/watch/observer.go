package watch

import "ferry/hotwallet/chain"

// Observer hears what the node shows. A function that is nil hears nothing; none
// may block.
type Observer struct {
	// Tip is told the height of the node's best block at each look: the node has answered.
	Tip func(height int64)
	// Reorg is told how many of our blocks are about to be taken back.
	Reorg func(depth int64)
	// TooDeep is told of each look at a reorganisation that is not followed.
	TooDeep func()
	// Credits is told what a block brought, after it was processed: again if a
	// reorganisation takes the block back and another has it.
	Credits func(credits []chain.Credit)
	// Unseen is told at each look whether the node shows less than all that concerns
	// us, if it may.
	Unseen func(unseen bool)
}

func (o Observer) tip(height int64) {
	if o.Tip != nil {
		o.Tip(height)
	}
}

func (o Observer) reorg(depth int64) {
	if o.Reorg != nil {
		o.Reorg(depth)
	}
}

func (o Observer) tooDeep() {
	if o.TooDeep != nil {
		o.TooDeep()
	}
}

func (o Observer) credits(credits []chain.Credit) {
	if o.Credits != nil && len(credits) > 0 {
		o.Credits(credits)
	}
}

func (o Observer) unseen(unseen bool) {
	if o.Unseen != nil {
		o.Unseen(unseen)
	}
}
