package fakechain

import (
	"context"

	"ferry/hotwallet/chain"
)

var _ chain.Identified = (*Chain)(nil)

// Software implements chain.Identified.
func (c *Chain) Software(ctx context.Context) (string, error) { return "fakechain", ctx.Err() }
