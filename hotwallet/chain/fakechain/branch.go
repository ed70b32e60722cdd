package fakechain

import (
	"slices"

	"ferry/hotwallet/chain"
)

// Branch is a chain of blocks that the node may come back to.
type Branch struct {
	blocks  []block
	mempool []Tx
}

// Branch is the best chain as it is now.
func (c *Chain) Branch() Branch {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Branch{blocks: slices.Clone(c.blocks), mempool: slices.Clone(c.mempool)}
}

// Return makes a branch the best chain again and grows it by at least one empty
// block, until it is longer than the one it replaces. What only the other branch
// had mined goes to the mempool where it still can.
func (c *Chain) Return(b Branch) chain.Ref {
	c.mu.Lock()
	defer c.mu.Unlock()
	longest, left := len(c.blocks), slices.Clone(c.mempool)
	for _, dropped := range c.blocks {
		for _, t := range dropped.txs {
			if !t.Coinbase {
				left = append(left, t.Tx)
			}
		}
	}
	c.blocks = slices.Clone(b.blocks)
	c.state = c.stateAt(c.tip().Height)
	c.mempool = slices.Clone(b.mempool)
	for grown := false; !grown || len(c.blocks) <= longest; grown = true {
		c.appendBlock(nil)
	}
	for _, t := range left {
		known := slices.ContainsFunc(c.mempool, func(m Tx) bool { return m.ID() == t.ID() })
		if !known && !c.state.mined(t.ID()) && len(c.rivals(t)) == 0 {
			c.mempool = append(c.mempool, t)
		}
	}
	c.prune()
	return c.tip().Ref
}
