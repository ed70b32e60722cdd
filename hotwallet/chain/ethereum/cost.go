package ethereum

import (
	"context"
	"fmt"
	"math/big"

	"ferry/swap/asset"
)

// SpendCost implements chain.Fees: a transfer at the newest block's base fee and the
// tip that a payment would offer, within the configured cap.
func (a *Adapter) SpendCost(ctx context.Context) (asset.Units, error) {
	h, err := a.header(ctx, "latest")
	if err != nil {
		return asset.Units{}, err
	}
	if h.BaseFee == nil {
		return asset.Units{}, fmt.Errorf("block %s has no base fee", refOf(h))
	}
	perGas := new(big.Int).Add(h.BaseFee, a.tip(ctx, h.BaseFee, 0))
	if most := new(big.Int).SetUint64(a.cfg.FeeCapMax); perGas.Cmp(most) > 0 {
		perGas = most
	}
	return asset.UnitsFromBig(perGas.Mul(perGas, big.NewInt(transferGas)))
}
