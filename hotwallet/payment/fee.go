package payment

import (
	"fmt"
	"math/big"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// deferMost is how long a refund may be deferred for its fee; then it is paid like
// any other, with the house carrying the rest.
const deferMost = 7 * 24 * time.Hour

// feeLimit is the most a payment may cost now.
type feeLimit struct {
	most asset.Units
	// deferred: where that is too little the payment waits, and nobody has to look.
	deferred bool
}

// feeLimit: the user's part of a refund's fee is fixed by the order, at most what the
// quote named; what the transaction costs beyond it the house carries, up to the
// limits of one payment. A deferrable refund waits instead until the user's part is
// enough, for at most deferMost. Where nothing was kept back there is nothing to wait
// for; and a token's refund never waits, because what was kept back of it can't be
// compared with a fee in another asset.
func (e *Engine) feeLimit(o swap.Order) (feeLimit, error) {
	if e.isToken(o) {
		return feeLimit{most: e.config.FeeMax}, nil
	}
	most, err := e.feeMax(o.Amount.Units)
	if err != nil || !o.Deferrable || e.config.Now().Sub(o.At) > deferMost {
		return feeLimit{most: most}, err
	}
	deposited, err := o.Total()
	if err != nil {
		return feeLimit{}, err
	}
	kept, err := deposited.Units.Sub(o.Amount.Units)
	if err != nil {
		return feeLimit{}, fmt.Errorf("what %s keeps back: %w", o.ID, err)
	}
	if kept.IsZero() {
		return feeLimit{most: most}, nil
	}
	if kept.Less(most) {
		most = kept
	}
	return feeLimit{most: most, deferred: true}, nil
}

// isToken: the order's fee is in another asset than its amount.
func (e *Engine) isToken(o swap.Order) bool { return o.Amount.Asset != e.config.Chain.NativeID() }

// feeMax is the most a payment of the amount may cost: the smaller of both limits.
func (e *Engine) feeMax(amount asset.Units) (asset.Units, error) {
	share, err := amount.MulDiv(big.NewInt(e.config.FeeBasisPoints), big.NewInt(feeBasisWhole), asset.Down)
	if err != nil {
		return share, fmt.Errorf("largest fee for %s: %w", amount, err)
	}
	if share.Less(e.config.FeeMax) {
		return share, nil
	}
	return e.config.FeeMax, nil
}
