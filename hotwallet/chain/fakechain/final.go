package fakechain

import (
	"context"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

var _ chain.Finalizing = (*Chain)(nil)

// StallFinality keeps what the node calls safe and finalized where it is, as while too few
// validators vote; false has it follow the tip again.
func (c *Chain) StallFinality(stall bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults.final = chain.Final{}
	if c.faults.stalled = stall; stall {
		c.faults.final = c.final()
	}
}

// ForgetFinality makes the node call no block safe or finalized, as one that has just
// started does; false ends it.
func (c *Chain) ForgetFinality(forget bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults.noFinal = forget
}

// How far safe and finalized are behind the tip, in blocks: what mainnet has in epochs.
const (
	safeBehind      = 2
	finalizedBehind = 4
)

// Final implements chain.Finalizing. A UTXO chain has no such blocks.
func (c *Chain) Final(ctx context.Context) (chain.Final, error) {
	err := c.enter("Final")
	defer c.mu.Unlock()
	if err != nil {
		return chain.Final{}, err
	}
	return c.final(), ctx.Err()
}

// final is Final with the lock held. A reorganisation below a stalled height takes the
// other branch's block at it.
func (c *Chain) final() chain.Final {
	if c.chain.Family() != asset.Account || c.faults.noFinal {
		return chain.Final{}
	}
	safe, finalized := c.tip().Height-safeBehind, c.tip().Height-finalizedBehind
	if c.faults.stalled {
		safe, finalized = min(safe, c.faults.final.Safe.Height), min(finalized, c.faults.final.Finalized.Height)
	}
	return chain.Final{Safe: c.blocks[max(safe, 0)].Ref, Finalized: c.blocks[max(finalized, 0)].Ref}
}
