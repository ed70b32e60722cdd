package stream

import (
	"errors"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/price"
)

// Offer is an indicative quote: what would be deposited and what would be paid.
type Offer struct{ Deposit, Payout asset.Amount }

// Indicate computes an indicative quote from a published rate, which must have a
// price, as a quote locked at that price would be: by the same functions of package
// price. The amount asked for is kept exactly. It refuses an amount outside the
// rate's limits.
func Indicate(r swap.Rate, a Ask) (Offer, error) {
	p := Price(r)
	return p.Indicate(a)
}

// Priced is a rate with what its amounts follow from, worked out once.
type Priced struct {
	Rate    swap.Rate
	formula price.Formula
}

// Price works out what a rate's amounts follow from.
func Price(r swap.Rate) Priced {
	return Priced{Rate: r, formula: price.Formula{Pair: r.Pair, Ratio: price.Ratio{Num: r.RatioNum.Big(), Den: r.RatioDen.Big()},
		Curve: r.Curve, FeeBPS: r.FeeBPS, NetworkFee: r.NetworkFee}}
}

// Indicate is the function Indicate of the rate.
func (p *Priced) Indicate(a Ask) (Offer, error) {
	r, f := &p.Rate, p.formula
	if r.RatioNum.IsZero() || r.RatioDen.IsZero() {
		return Offer{}, unpriced("The price is too small to be told.")
	}
	field := "deposit_amount"
	offer, err := f.ByDeposit(a.Deposit)
	if a.Deposit.Units.IsZero() {
		field = "payout_amount"
		offer, err = f.ByPayout(a.Payout)
	}
	switch {
	case errors.Is(err, asset.ErrRange), errors.Is(err, price.ErrDepth):
		return Offer{}, tooLarge(r, f, field)
	case errors.Is(err, price.ErrFees):
		return Offer{}, tooSmall(r, f, field)
	case err != nil:
		return Offer{}, err
	case offer.Deposit.Units.Less(r.Min.Units):
		return Offer{}, tooSmall(r, f, field)
	case r.Max.Units.Less(offer.Deposit.Units):
		return Offer{}, tooLarge(r, f, field)
	}
	return Offer{Deposit: offer.Deposit, Payout: offer.Payout}, nil
}

func tooSmall(r *swap.Rate, f price.Formula, field string) error {
	limit := limitIn(f, field, r.Min)
	return swap.Refuse(swap.CodeAmountTooSmall, field, limit, "The amount is too small: the least is about "+limit+".")
}

func tooLarge(r *swap.Rate, f price.Formula, field string) error {
	limit := limitIn(f, field, r.Max)
	return swap.Refuse(swap.CodeAmountTooLarge, field, limit, "The amount is too large: the most is about "+limit+".")
}

// limitIn tells a limit of the deposit as the field asked for has it; a limit whose
// payout fees would eat is told as a deposit.
func limitIn(f price.Formula, field string, deposit asset.Amount) string {
	if field == "payout_amount" {
		if offer, err := f.ByDeposit(deposit); err == nil {
			return offer.Payout.String()
		}
	}
	return deposit.String()
}

func unpriced(reason string) error { return swap.Refuse(swap.CodePriceUnavailable, "", "", reason) }
