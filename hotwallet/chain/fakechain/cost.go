package fakechain

import (
	"context"
	"fmt"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// spendVbytes is about what one input adds to a transaction of the UTXO chain.
const spendVbytes = 68

// SpendCost implements chain.Fees at the rate that SetFeeRate has set.
func (c *Chain) SpendCost(ctx context.Context) (asset.Units, error) {
	err := c.enter("SpendCost")
	defer c.mu.Unlock()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return asset.Units{}, err
	}
	if c.chain == asset.Ethereum {
		return asset.NewUnits(Tx{Chain: c.chain}.size() * c.rate * gwei), nil
	}
	return asset.NewUnits(spendVbytes * c.rate), nil
}

// EstimateRate implements chain.Market at the rate that SetFeeRate has set.
func (c *Chain) EstimateRate(ctx context.Context, _ int) (chain.Rate, error) {
	err := c.enter("EstimateRate")
	defer c.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return c.scale(c.rate), ctx.Err()
}

// BlockRate implements chain.Market: the median of what the middle transaction of each of
// the newest blocks paid.
func (c *Chain) BlockRate(ctx context.Context, blocks int) (chain.Rate, error) {
	err := c.enter("BlockRate")
	defer c.mu.Unlock()
	if err != nil {
		return 0, err
	}
	var rates []chain.Rate
	for _, b := range c.blocks[max(0, len(c.blocks)-blocks):] {
		var paid []chain.Rate
		for _, t := range b.txs {
			if !t.Coinbase {
				paid = append(paid, rateOf(c.chain, t.fee, t.size()))
			}
		}
		if len(paid) > 0 {
			slices.Sort(paid)
			rates = append(rates, paid[len(paid)/2])
		}
	}
	if len(rates) == 0 {
		return 0, fmt.Errorf("%w: the newest %d blocks are empty", chain.ErrNoEstimate, blocks)
	}
	slices.Sort(rates)
	return rates[len(rates)/2], ctx.Err()
}

// FloorRate implements chain.Market: the relay's minimum.
func (c *Chain) FloorRate(ctx context.Context) (chain.Rate, error) {
	err := c.enter("FloorRate")
	defer c.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return c.scale(c.minRate), ctx.Err()
}
