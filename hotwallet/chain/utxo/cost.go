package utxo

import (
	"context"
	"errors"

	"ferry/swap/asset"
)

// errNoRate means the node answered without a rate, as it does before it has one.
var errNoRate = errors.New("the answer has no fee rate")

// SpendCost implements chain.Fees: the fee of one input that spends a coin of ours. A node
// that answers without an estimate has none; no fallback takes its place.
func (a *Adapter) SpendCost(ctx context.Context) (asset.Units, error) {
	if err := a.checkNetwork(ctx); err != nil {
		return asset.Units{}, err
	}
	rate, err := a.estimate(ctx, a.cfg.ConfirmTarget)
	if err != nil {
		return asset.Units{}, noEstimate(err)
	}
	return asset.NewUnits(rateFee(min(max(rate, a.cfg.FeeFloor), a.cfg.FeeCap), a.rules.Input.Weight)), nil
}
