package asset

import (
	"fmt"
	"math/big"

	"github.com/holiman/uint256"
)

// Rounding says which way a division goes. Ferry always rounds in favour of
// liquidity: deposits up, payouts down.
type Rounding int

// The two roundings.
const (
	Down Rounding = iota
	Up
)

// MulDiv returns u*num/den with the product held exactly, rounded as asked.
// ErrRange if den is 0 or the result does not fit.
func (u Units) MulDiv(num, den *big.Int, r Rounding) (Units, error) {
	if den.Sign() <= 0 || num.Sign() < 0 {
		return Units{}, fmt.Errorf("%s * %s / %s: %w", u, num, den, ErrRange)
	}
	var n, d uint256.Int
	if n.SetFromBig(num) || d.SetFromBig(den) {
		return u.mulDivBig(num, den, r)
	}
	return u.mulDiv(&n, &d, r)
}

// Scale is MulDiv by counts. It allocates nothing.
func (u Units) Scale(num, den Units, r Rounding) (Units, error) {
	if den.IsZero() {
		return Units{}, fmt.Errorf("%s * %s / 0: %w", u, num, ErrRange)
	}
	return u.mulDiv(&num.v, &den.v, r)
}

// mulDiv is MulDiv of what fits in 256 bits; d is not 0. The product has 512.
func (u Units) mulDiv(n, d *uint256.Int, r Rounding) (Units, error) {
	var q Units
	if _, overflow := q.v.MulDivOverflow(&u.v, n, d); overflow {
		return Units{}, fmt.Errorf("%s * %s / %s: %w", u, n.Dec(), d.Dec(), ErrRange)
	}
	if r != Up {
		return q, nil
	}
	// What is left of the product is less than d, so its last 256 bits are all of it.
	var product, whole uint256.Int
	if product.Mul(&u.v, n).Eq(whole.Mul(&q.v, d)) {
		return q, nil
	}
	return q.Add(NewUnits(1))
}

// mulDivBig is MulDiv of any size.
func (u Units) mulDivBig(num, den *big.Int, r Rounding) (Units, error) {
	q, rem := new(big.Int).QuoRem(new(big.Int).Mul(u.Big(), num), den, new(big.Int))
	if r == Up && rem.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return UnitsFromBig(q)
}

// roundTo is the multiple of step next to u in a direction; step is not 0.
func (u Units) roundTo(step Units, r Rounding) (Units, error) {
	var whole, rest uint256.Int
	whole.DivMod(&u.v, &step.v, &rest)
	if rest.IsZero() {
		return u, nil
	}
	var down Units
	down.v.Sub(&u.v, &rest)
	if r != Up {
		return down, nil
	}
	return down.Add(step)
}
