package liquidity

import (
	"fmt"
	"math/big"

	"ferry/swap/asset"
	"ferry/swap/price"
)

// bisections is how often the end of the books is looked for between two points.
const bisections = 4

// Curved is the price of a pair by size: Ratio up to the first point of Curve.
type Curved struct {
	Ratio price.Ratio
	Curve price.Curve
}

// newCurve prices deposits from least to most, which are in order, through one or two
// books, less a margin in millionths. Up to what the first levels take the price is exact
// (NewRatio, NewCross). Above, points double from least on until most, or until the books
// end, each with what walking the books gives, rounded down; what lies between two points
// is on the line between them (price.Curve).
func newCurve(books []depth, p asset.Pair, least, most asset.Units, marginPPM int64) (Curved, error) {
	head, err := headRatio(books, p, marginPPM)
	if err != nil {
		return Curved{}, err
	}
	exact := firstLevels(books, p)
	if most.Big().Cmp(exact) <= 0 {
		return Curved{Ratio: head}, nil
	}
	walk := func(deposit *big.Int) (asset.Units, bool) { return worth(books, p, deposit, marginPPM) }
	first := least.Big()
	if exact.Cmp(first) > 0 {
		first = exact
	}
	c := Curved{Ratio: head}
	start, ok := walk(first)
	if !ok || start.IsZero() {
		return Curved{}, noPrice("The books of " + p.String() + " are too thin now.")
	}
	if first.Cmp(exact) != 0 {
		// The first levels are smaller than any deposit: the least one's price is the head's.
		c.Ratio = price.Ratio{Num: start.Big(), Den: first}
	}
	if c.Curve, err = doubled(first, start, most.Big(), walk); err != nil {
		return Curved{}, err
	}
	return c, c.Curve.Validate(c.Ratio)
}

// doubled are the points from the first deposit on.
func doubled(first *big.Int, worthFirst asset.Units, most *big.Int, walk func(*big.Int) (asset.Units, bool)) (price.Curve, error) {
	deposit, err := asset.UnitsFromBig(first)
	if err != nil {
		return nil, err
	}
	curve := price.Curve{{Deposit: deposit, Gross: worthFirst}}
	low := first
	// Room is left for the bisections. A pair whose limits are further apart than all
	// these doublings has its last points wider apart.
	for len(curve) < price.CurveMost-bisections && low.Cmp(most) < 0 {
		next := new(big.Int).Lsh(low, 1)
		if next.Cmp(most) > 0 || len(curve) == price.CurveMost-bisections-1 {
			next = new(big.Int).Set(most)
		}
		gross, ok := walk(next)
		if !ok {
			return bisect(curve, low, next, walk)
		}
		if curve, err = extend(curve, next, gross); err != nil {
			return nil, err
		}
		low = next
	}
	return curve, nil
}

// bisect looks for the end of the books above low, which they hold, and below high.
func bisect(curve price.Curve, low, high *big.Int, walk func(*big.Int) (asset.Units, bool)) (price.Curve, error) {
	for range bisections {
		middle := new(big.Int).Add(low, high)
		middle.Rsh(middle, 1)
		if middle.Cmp(low) <= 0 {
			break
		}
		gross, ok := walk(middle)
		if !ok {
			high = middle
			continue
		}
		var err error
		if curve, err = extend(curve, middle, gross); err != nil {
			return nil, err
		}
		low = middle
	}
	return curve, nil
}

func extend(curve price.Curve, deposit *big.Int, gross asset.Units) (price.Curve, error) {
	d, err := asset.UnitsFromBig(deposit)
	if err != nil {
		return nil, fmt.Errorf("a point of the curve: %w", err)
	}
	return append(curve, price.Point{Deposit: d, Gross: gross}), nil
}

// headRatio is the price of what the first levels take.
func headRatio(books []depth, p asset.Pair, marginPPM int64) (price.Ratio, error) {
	if len(books) == 1 {
		return NewRatio(books[0].top(), p, marginPPM)
	}
	return NewCross(books[0].top(), books[1].top(), p, marginPPM)
}

// firstLevels is the largest deposit that the first levels of all books on the way take
// whole, in base units rounded down.
func firstLevels(books []depth, p asset.Pair) *big.Int {
	reach := books[0].reach(p.From)
	if len(books) == 1 {
		return reach
	}
	via, _ := books[0].instrument.other(p.From)
	r, err := NewRatio(books[0].top(), asset.Pair{From: p.From, To: via}, 0)
	if err != nil {
		return new(big.Int)
	}
	second := books[1].reach(via)
	second.Mul(second, r.Den).Quo(second, r.Num)
	if second.Cmp(reach) < 0 {
		return second
	}
	return reach
}

// worth is what walking all books with a deposit gives less the margin, rounded down;
// false where a book ends before.
func worth(books []depth, p asset.Pair, deposit *big.Int, marginPPM int64) (asset.Units, bool) {
	quantity, from := price.Ratio{Num: deposit, Den: big.NewInt(1)}, p.From
	for _, d := range books {
		var ok bool
		if quantity, ok = d.through(from, quantity); !ok {
			return asset.Units{}, false
		}
		from, _ = d.instrument.other(from)
	}
	quantity = quantity.LessPPM(marginPPM)
	units, err := asset.UnitsFromBig(new(big.Int).Quo(quantity.Num, quantity.Den))
	return units, err == nil
}
