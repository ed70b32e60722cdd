package price

import (
	"errors"
	"fmt"
	"math/big"
	"sort"

	"ferry/swap"
	"ferry/swap/asset"
)

// ErrDepth means that a deposit is more than the price reaches for: the books that it
// comes from hold no more.
var ErrDepth = errors.New("more than the books hold")

// Point is one place of a curve.
type Point = swap.RatePoint

// CurveMost bounds the points of a curve.
const CurveMost = 24

// Curve is what deposits larger than its first point are worth: between two points as on
// the straight line between them, beyond the last not at all. An order book gives the
// less for each coin the more of it one takes, so the line between two of its points
// lies below it: in favour of liquidity.
type Curve []Point

// Validate reports a curve that no book leads to: too long, deposits that do not ascend,
// a gross that falls, or one whose first point is not on the ratio that holds up to it.
func (c Curve) Validate(r Ratio) error {
	if len(c) > CurveMost {
		return fmt.Errorf("a curve of %d points: at most %d", len(c), CurveMost)
	}
	for i, p := range c {
		switch {
		case p.Deposit.IsZero() || p.Gross.IsZero():
			return fmt.Errorf("point %d of the curve is of nothing", i)
		case i > 0 && p.Deposit.Cmp(c[i-1].Deposit) <= 0:
			return fmt.Errorf("point %d of the curve is no larger a deposit than the one before", i)
		case i > 0 && p.Gross.Less(c[i-1].Gross):
			return fmt.Errorf("point %d of the curve is worth less than the one before", i)
		}
	}
	if len(c) == 0 {
		return nil
	}
	first, err := c[0].Deposit.MulDiv(r.Num, r.Den, asset.Down)
	if err != nil {
		return fmt.Errorf("first point of the curve: %w", err)
	}
	if first != c[0].Gross {
		return fmt.Errorf("the first point of the curve is worth %s, by its ratio %s", c[0].Gross, first)
	}
	return nil
}

// Reach is the largest deposit there is a price for; false where there is no end.
func (c Curve) Reach() (asset.Units, bool) {
	if len(c) == 0 {
		return asset.Units{}, false
	}
	return c[len(c)-1].Deposit, true
}

// RatioAt is the exact price of a deposit: the head's up to the first point, then
//
//	ratio = (g0×(d1−d0) + (deposit−d0)×(g1−g0)) / ((d1−d0)×deposit)
//
// between the points (d0, g0) and (d1, g1) around it. ErrDepth beyond the last.
func (c Curve) RatioAt(head Ratio, deposit asset.Units) (Ratio, error) {
	i := sort.Search(len(c), func(i int) bool { return deposit.Cmp(c[i].Deposit) <= 0 })
	switch {
	case i == 0:
		return head, nil
	case i == len(c):
		return Ratio{}, fmt.Errorf("deposit of %s units: %w", deposit, ErrDepth)
	}
	low, width, height, err := c.segment(i)
	if err != nil {
		return Ratio{}, err
	}
	above := new(big.Int).Sub(deposit.Big(), low.Deposit.Big())
	num := new(big.Int).Mul(low.Gross.Big(), width.Big())
	num.Add(num, above.Mul(above, height.Big()))
	return Ratio{Num: num, Den: above.Mul(width.Big(), deposit.Big())}, nil
}

// grossOf is what a deposit is worth, rounded down: deposit × RatioAt, where the line from
// (d0, g0) to (d1, g1) is the whole number g0 and (deposit−d0)×(g1−g0)/(d1−d0).
func (c Curve) grossOf(head Ratio, deposit asset.Units) (asset.Units, error) {
	i := sort.Search(len(c), func(i int) bool { return deposit.Cmp(c[i].Deposit) <= 0 })
	switch {
	case i == 0:
		return deposit.MulDiv(head.Num, head.Den, asset.Down)
	case i == len(c):
		return asset.Units{}, fmt.Errorf("deposit of %s units: %w", deposit, ErrDepth)
	}
	return c.along(i, deposit)
}

// along is grossOf between point i and the one before.
func (c Curve) along(i int, deposit asset.Units) (asset.Units, error) {
	low, width, height, err := c.segment(i)
	if err != nil {
		return asset.Units{}, err
	}
	above, err := deposit.Sub(low.Deposit)
	if err != nil {
		return asset.Units{}, err
	}
	more, err := above.Scale(height, width, asset.Down)
	if err != nil {
		return asset.Units{}, err
	}
	return low.Gross.Add(more)
}

// depositFor is the smallest deposit that is worth a gross payout, which is not 0.
// ErrDepth beyond the last point.
func (c Curve) depositFor(head Ratio, gross asset.Units) (asset.Units, error) {
	i := sort.Search(len(c), func(i int) bool { return gross.Cmp(c[i].Gross) <= 0 })
	switch {
	case i == 0:
		return gross.MulDiv(head.Den, head.Num, asset.Up)
	case i == len(c):
		return asset.Units{}, fmt.Errorf("gross payout of %s units: %w", gross, ErrDepth)
	}
	low, width, height, err := c.segment(i)
	if err != nil {
		return asset.Units{}, err
	}
	above, err := gross.Sub(low.Gross)
	if err != nil {
		return asset.Units{}, err
	}
	more, err := above.Scale(width, height, asset.Up)
	if err != nil {
		return asset.Units{}, err
	}
	return low.Deposit.Add(more)
}

// segment is where the line to point i begins, and how far it goes in deposit and gross.
// It fails for points that do not ascend, which Validate refuses.
func (c Curve) segment(i int) (low Point, width, height asset.Units, err error) {
	low = c[i-1]
	width, err = c[i].Deposit.Sub(low.Deposit)
	if err == nil {
		height, err = c[i].Gross.Sub(low.Gross)
	}
	return low, width, height, err
}
