package ethereum

import (
	"context"
	"math/big"

	"ferry/swap/asset"
)

// SpendCost implements chain.Fees: a transfer at the next base fee and the tip that a
// payment would offer, within the configured cap.
func (a *Adapter) SpendCost(ctx context.Context) (asset.Units, error) {
	base, err := a.nextBase(ctx)
	if err != nil {
		return asset.Units{}, err
	}
	perGas := new(big.Int).Add(base, a.tip(ctx, base, 0))
	if most := new(big.Int).SetUint64(a.cfg.FeeCapMax); perGas.Cmp(most) > 0 {
		perGas = most
	}
	return asset.UnitsFromBig(perGas.Mul(perGas, big.NewInt(transferGas)))
}
