package fakechain

import (
	"context"

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
