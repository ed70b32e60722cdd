package watch

// Observer hears what the node shows. A function that is nil hears nothing; none
// may block.
type Observer struct {
	// Tip is told the height of the node's best block at each look: the node has answered.
	Tip func(height int64)
	// Reorg is told how many of our blocks are about to be taken back.
	Reorg func(depth int64)
	// TooDeep is told of each look at a reorganisation that is not followed.
	TooDeep func()
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
