package stream

import (
	"errors"
	"fmt"
	"math/big"

	"ferry/swap"
	"ferry/swap/asset"
)

// pricePlaces is how many decimal places a published price may have.
const pricePlaces = 36

// errFees means that the network fee eats the whole payout.
var errFees = errors.New("nothing is left after fees")

// Offer is an indicative quote: what would be deposited and what would be paid.
type Offer struct{ Deposit, Payout asset.Amount }

// Indicate computes an indicative quote from a published rate, which must have a
// price. The amount asked for is kept exactly:
//
//	payout  = deposit × price − network fee     rounded down to asset.QuotePlaces
//	deposit = (payout + network fee) / price    rounded up to asset.QuotePlaces
//
// It refuses an amount outside the rate's limits. See the package's documentation
// for how far a lock may be from it.
func Indicate(r swap.Rate, a Ask) (Offer, error) {
	num, den, err := fraction(r)
	if err != nil {
		return Offer{}, err
	}
	field := "deposit_amount"
	offer, err := byDeposit(r, a.Deposit, num, den)
	if a.Deposit.Units.IsZero() {
		field = "payout_amount"
		offer, err = byPayout(r, a.Payout, num, den)
	}
	switch {
	case errors.Is(err, asset.ErrRange):
		return Offer{}, tooLarge(r, field, num, den)
	case errors.Is(err, errFees):
		return Offer{}, tooSmall(r, field, num, den)
	case err != nil:
		return Offer{}, err
	case offer.Deposit.Units.Less(r.Min.Units):
		return Offer{}, tooSmall(r, field, num, den)
	case r.Max.Units.Less(offer.Deposit.Units):
		return Offer{}, tooLarge(r, field, num, den)
	}
	return offer, nil
}

// fraction is a rate's price in base units of Pair.To per base unit of Pair.From.
func fraction(r swap.Rate) (num, den *big.Int, err error) {
	price, err := asset.ParsePlaces(r.Price, pricePlaces)
	if err != nil {
		return nil, nil, fmt.Errorf("price of %s: %w", r.Pair, err)
	}
	if price.IsZero() {
		return nil, nil, unpriced("The price is too small to be told.")
	}
	from, to := asset.MustLookup(r.Pair.From), asset.MustLookup(r.Pair.To)
	num = new(big.Int).Mul(price.Big(), asset.Pow10(to.Decimals))
	den = new(big.Int).Mul(asset.Pow10(pricePlaces), asset.Pow10(from.Decimals))
	return num, den, nil
}

func byDeposit(r swap.Rate, deposit asset.Amount, num, den *big.Int) (Offer, error) {
	gross, err := rounded(r.Pair.To, deposit.Units, num, den, asset.Down)
	if err != nil {
		return Offer{}, err
	}
	if gross.Cmp(r.NetworkFee.Units) <= 0 {
		return Offer{}, errFees
	}
	payout, err := gross.Sub(r.NetworkFee.Units)
	return Offer{Deposit: deposit, Payout: asset.Amount{Asset: r.Pair.To, Units: payout}}, err
}

func byPayout(r swap.Rate, payout asset.Amount, num, den *big.Int) (Offer, error) {
	gross, err := payout.Units.Add(r.NetworkFee.Units)
	if err != nil {
		return Offer{}, err
	}
	deposit, err := rounded(r.Pair.From, gross, den, num, asset.Up)
	return Offer{Deposit: asset.Amount{Asset: r.Pair.From, Units: deposit}, Payout: payout}, err
}

// rounded is u*num/den, rounded once: rounding to whole units first does not move
// the coarser rounding in the same direction.
func rounded(id asset.ID, u asset.Units, num, den *big.Int, way asset.Rounding) (asset.Units, error) {
	n, err := u.MulDiv(num, den, way)
	if err != nil {
		return n, err
	}
	a, err := asset.Amount{Asset: id, Units: n}.RoundPlaces(way)
	return a.Units, err
}

func tooSmall(r swap.Rate, field string, num, den *big.Int) error {
	limit := limitIn(r, field, r.Min, num, den)
	return swap.Refuse(swap.CodeAmountTooSmall, field, limit, "The amount is too small: the least is about "+limit+".")
}

func tooLarge(r swap.Rate, field string, num, den *big.Int) error {
	limit := limitIn(r, field, r.Max, num, den)
	return swap.Refuse(swap.CodeAmountTooLarge, field, limit, "The amount is too large: the most is about "+limit+".")
}

// limitIn tells a limit of the deposit as the field asked for has it; a limit whose
// payout fees would eat is told as a deposit.
func limitIn(r swap.Rate, field string, deposit asset.Amount, num, den *big.Int) string {
	if field == "payout_amount" {
		if offer, err := byDeposit(r, deposit, num, den); err == nil {
			return offer.Payout.String()
		}
	}
	return deposit.String()
}

func unpriced(reason string) error { return swap.Refuse(swap.CodePriceUnavailable, "", "", reason) }
