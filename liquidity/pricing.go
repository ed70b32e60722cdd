package liquidity

import (
	"ferry/swap/asset"
	"ferry/swap/price"
)

// Offer is the terms of one swap, ErrFees why there is none: see package price.
type Offer = price.Offer

// ErrFees means that the fees eat the whole amount.
var ErrFees = price.ErrFees

// Pricing is all that turns one amount into a swap's terms. It is a value: its
// methods are pure.
type Pricing struct {
	Pair  asset.Pair
	Ratio price.Ratio
	// Curve is the price of deposits above its first point; nil where Ratio is that of all.
	Curve price.Curve
	// FeeBPS is the service fee, in basis points of the gross payout.
	FeeBPS int64
	// NetworkFee, in Pair.To, is the fixed cost of the payout. RefundFeeMax, in
	// Pair.From, is the most a refund costs. Neither has more than QuotePlaces places.
	NetworkFee   asset.Amount
	RefundFeeMax asset.Amount
}

// formula is the part that amounts follow from. A rate publishes all of it, so that
// others compute the same amounts.
func (p Pricing) formula() price.Formula {
	return price.Formula{Pair: p.Pair, Ratio: p.Ratio, Curve: p.Curve, FeeBPS: p.FeeBPS, NetworkFee: p.NetworkFee}
}

// ByDeposit computes the payout of a deposit: see price.Formula.
func (p Pricing) ByDeposit(deposit asset.Amount) (Offer, error) {
	return p.formula().ByDeposit(deposit)
}

// ByPayout computes the deposit that buys a payout: see price.Formula.
func (p Pricing) ByPayout(payout asset.Amount) (Offer, error) { return p.formula().ByPayout(payout) }
