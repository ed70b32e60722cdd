package liquidity

import (
	"fmt"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/price"
)

// LateMostBPS is the most that the house gives away to honour a locked rate late, in
// basis points of it. The tolerance of a policy says how much worse the user takes it
// and is the user's to choose: by itself it would let anybody deposit late exactly
// when the market has moved against the house, by as much as they like.
const LateMostBPS = 100

// Reprice computes what a deposit that does not match a quote is paid: the formula of
// a quote (price.Formula) with the quote's own fees, at the ratio that the basis
// chooses. With gross and deposit of the quote
//
//	locked  = gross / deposit                    of the quote
//	ratio   = locked                             BasisLocked
//	          market                             BasisMarket, BasisDetected
//	          locked, if market >= locked × (1 − late);
//	          else market                        BasisLate
//	fee     = service fee / gross                of the quote
//	late    = the smaller of the policy's tolerance and LateMostBPS
//
// market is the ratio before the service fee (NewRatio), nil while there is none; then
// only BasisLocked has a price, and the error is price_unavailable. An amount is
// rounded once, in favour of liquidity, as in a quote: so Terms.Permits, which allows
// for one such rounding, accepts what is priced at the locked rate or within the
// tolerance. The quote's own deposit at the locked rate is paid what was quoted, which
// may have more places. ErrFees if no payout is left, asset.ErrRange beyond 256 bits.
func Reprice(t swap.Terms, basis swap.Basis, deposit asset.Amount, market *price.Ratio) (Offer, error) {
	q := t.Quote
	quoted := Offer{Deposit: q.Deposit, Payout: q.Payout, ServiceFee: q.ServiceFee, NetworkFee: q.NetworkFee}
	gross, err := quoted.Gross()
	if err != nil {
		return Offer{}, fmt.Errorf("gross payout of %s: %w", q.ID, err)
	}
	locked := price.Ratio{Num: gross.Big(), Den: q.Deposit.Units.Big()}
	ratio, err := ratioOf(basis, locked, market, min(t.Receipt.Policy.ToleranceBPS, LateMostBPS), q.Pair)
	switch {
	case err != nil:
		return Offer{}, err
	case ratio == locked && deposit == q.Deposit:
		return quoted, nil
	}
	formula := price.Formula{Pair: q.Pair, Ratio: ratio, NetworkFee: q.NetworkFee}
	return formula.WithFee(deposit, price.Ratio{Num: q.ServiceFee.Units.Big(), Den: locked.Num})
}

func ratioOf(basis swap.Basis, locked price.Ratio, market *price.Ratio, lateBPS int64, p asset.Pair) (price.Ratio, error) {
	switch {
	case basis == swap.BasisLocked:
		return locked, nil
	case market == nil:
		return price.Ratio{}, noPrice("No venue prices " + p.String() + " now.")
	case basis == swap.BasisLate && market.AtLeast(locked.Less(lateBPS)):
		return locked, nil
	}
	return *market, nil
}
