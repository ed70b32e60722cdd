package liquidity

import (
	"errors"
	"fmt"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/price"
)

// Limits bound a deposit, both ends included. They are in Pair.From.
type Limits struct{ Min, Max asset.Amount }

// Conditions are what limits follow from besides the pricing itself.
type Conditions struct {
	// Min and Max are the configured limits, in Pair.From.
	Min, Max asset.Amount
	// DepositDust and PayoutDust are the chains' published economic thresholds.
	DepositDust, PayoutDust asset.Units
	// Free is what may still be promised of Pair.To.
	Free asset.Units
}

// Limits computes what can be deposited now. The smallest is the greatest of
//   - the configured minimum;
//   - RefundFeeMax + the greater of RefundFeeMax and DepositDust: a refund gives
//     back at least what it costs, and never dust;
//   - the deposit whose payout is PayoutDust (or one unit): the payout can be spent.
//
// The greatest is the smallest of the configured maximum, the deposit that takes Free and
// what the books reach to. Free may be used up: then Max is below Min. Amounts computed here have at
// most QuotePlaces places.
func (p Pricing) Limits(c Conditions) (Limits, error) {
	refund := p.RefundFeeMax.Units
	economic, err := refund.Add(larger(refund, c.DepositDust))
	if err != nil {
		return Limits{}, fmt.Errorf("smallest refund: %w", err)
	}
	least, err := p.smallestPayout(c.PayoutDust)
	if err != nil {
		return Limits{}, err
	}
	minimum, err := asset.Amount{Asset: p.Pair.From, Units: larger(economic, c.Min.Units)}.RoundPlaces(asset.Up)
	if err != nil {
		return Limits{}, err
	}
	minimum.Units = larger(minimum.Units, least.Deposit.Units)
	maximum, err := p.affordable(c.Free)
	if err != nil {
		return Limits{}, err
	}
	if c.Max.Units.Less(maximum.Units) {
		maximum = c.Max
	}
	return Limits{Min: minimum, Max: maximum}, nil
}

func (p Pricing) smallestPayout(dust asset.Units) (Offer, error) {
	amount := asset.Amount{Asset: p.Pair.To, Units: larger(dust, asset.NewUnits(1))}
	amount, err := amount.RoundPlaces(asset.Up)
	if err != nil {
		return Offer{}, err
	}
	return p.ByPayout(amount)
}

// affordable is a deposit whose payout and network fee fit in free, near the
// greatest there is; zero if there is none.
func (p Pricing) affordable(free asset.Units) (asset.Amount, error) {
	none := asset.Amount{Asset: p.Pair.From}
	if free.Cmp(p.NetworkFee.Units) <= 0 {
		return none, nil
	}
	most, err := free.Sub(p.NetworkFee.Units)
	if err != nil {
		return none, err
	}
	payout, err := asset.Amount{Asset: p.Pair.To, Units: most}.RoundPlaces(asset.Down)
	if err != nil || payout.Units.IsZero() {
		return none, err
	}
	offer, err := p.ByPayout(payout)
	if reach, ends := p.Curve.Reach(); ends && errors.Is(err, price.ErrDepth) {
		return asset.Amount{Asset: p.Pair.From, Units: reach}, nil
	}
	if err != nil {
		return none, err
	}
	again, err := p.ByDeposit(offer.Deposit)
	if err != nil {
		return none, err
	}
	if again.Payout.Units.Cmp(payout.Units) <= 0 {
		return offer.Deposit, nil
	}
	// The deposit was rounded up, and that step buys too much: one step less.
	step := quoteStep(p.Pair.From)
	if offer.Deposit.Units.Cmp(step) <= 0 {
		return none, nil
	}
	units, err := offer.Deposit.Units.Sub(step)
	return asset.Amount{Asset: p.Pair.From, Units: units}, err
}

// Check refuses an offer outside the limits. field is the request's; where it is
// payout_amount the limit is told as a payout, which is itself accepted.
func (l Limits) Check(o Offer, field string, p Pricing) error {
	switch {
	case o.Deposit.Units.Less(l.Min.Units):
		limit := l.Min
		if field == fieldPayout {
			limit = p.payoutAtLeast(l.Min)
		}
		return tooSmall(field, limit)
	case l.Max.Units.Less(o.Deposit.Units):
		limit := l.Max
		if field == fieldPayout {
			limit = p.payoutOf(l.Max)
		}
		return refuseTooLarge(field, limit)
	}
	return nil
}

// payoutOf is the payout of a deposit, zero where fees eat it.
func (p Pricing) payoutOf(deposit asset.Amount) asset.Amount {
	offer, err := p.ByDeposit(deposit)
	if err != nil {
		return asset.Amount{Asset: p.Pair.To}
	}
	return offer.Payout
}

// payoutAtLeast is a payout, as small as steps allow, that needs no less than the
// deposit. Where a step of the payout is coarser than one of the deposit, the
// deposit's own payout may be bought with less; then it is one step more.
func (p Pricing) payoutAtLeast(deposit asset.Amount) asset.Amount {
	payout := p.payoutOf(deposit)
	offer, err := p.ByPayout(payout)
	if err == nil && deposit.Units.Cmp(offer.Deposit.Units) <= 0 {
		return payout
	}
	if units, err := payout.Units.Add(quoteStep(p.Pair.To)); err == nil {
		payout.Units = units
	}
	return payout
}

// tooLarge turns amounts beyond 256 bits, or beyond the books, into the refusal they are.
func tooLarge(err error, field string, limit asset.Amount) error {
	if errors.Is(err, asset.ErrRange) || errors.Is(err, price.ErrDepth) {
		return refuseTooLarge(field, limit)
	}
	return err
}

func tooSmall(field string, limit asset.Amount) error {
	return swap.Refuse(swap.CodeAmountTooSmall, field, limit.String(), "The amount is too small: the least is "+limit.String()+".")
}

func refuseTooLarge(field string, limit asset.Amount) error {
	return swap.Refuse(swap.CodeAmountTooLarge, field, limit.String(), "The amount is too large: the most is "+limit.String()+".")
}

// quoteStep is 10^-QuotePlaces coins (or one base unit) of an asset.
func quoteStep(id asset.ID) asset.Units {
	decimals := asset.MustLookup(id).Decimals
	if decimals <= asset.QuotePlaces {
		return asset.NewUnits(1)
	}
	step, err := asset.UnitsFromBig(asset.Pow10(decimals - asset.QuotePlaces))
	if err != nil {
		panic("liquidity: an asset has absurd decimals: " + err.Error())
	}
	return step
}

func larger(a, b asset.Units) asset.Units {
	if a.Less(b) {
		return b
	}
	return a
}

func smaller(a, b asset.Units) asset.Units {
	if a.Less(b) {
		return a
	}
	return b
}
