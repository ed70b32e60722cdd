package demo

import (
	"context"
	"fmt"
	"math/big"

	"ferry/swap/asset"
)

const (
	// costMost is what a swap and the way back may cost together, in basis points, venues
	// missing or not: twice the spread (20), the service fee (50) and what is added for a
	// lock's length and for missing venues (10 and 5 at most), what two books are wide (16), and
	// what prices move between two looks.
	costMost = 250
	// widerMost is how much more that may be than before the venue was unplugged, for the same
	// pair: twice what is added for missing venues (5 at most, where a slow machine has others
	// stall besides) and for a lock's length in a market that has got livelier (10 at most).
	widerMost = 30
	// looksBefore are the looks at all prices before that, of which the dearest counts.
	looksBefore = 5
	parts       = 10_000
)

// prices are all that are told, and the pairs without one; nothing where nobody says anything.
func (o *outage) prices(ctx context.Context) (prices map[asset.Pair]*big.Rat, without []asset.Pair, err error) {
	rates, err := o.api.Rates(ctx)
	if err != nil {
		return nil, nil, passing(err)
	}
	prices = map[asset.Pair]*big.Rat{}
	for _, rate := range rates {
		pair := asset.Pair{From: rate.From, To: rate.To}
		if rate.Unavailable != "" {
			without = append(without, pair)
			continue
		}
		price, ok := new(big.Rat).SetString(rate.Price)
		if !ok {
			return nil, nil, fmt.Errorf("the price of %s is no number: %.40q", pair, rate.Price)
		}
		prices[pair] = price
	}
	return prices, without, nil
}

// measure notes what each pair costs there and back while all venues price.
func (o *outage) measure(ctx context.Context) error {
	o.before = map[asset.Pair]int64{}
	looks := 0
	return until(ctx, o.line, pollEvery, "a price of every pair", func() (bool, string, error) {
		prices, without, err := o.prices(ctx)
		if err != nil || len(prices) == 0 || len(without) > 0 {
			return false, fmt.Sprintf("%d pairs have a price, %d have none", len(prices), len(without)), err
		}
		for pair, cost := range costs(prices) {
			o.before[pair] = max(o.before[pair], cost)
		}
		looks++
		return looks >= looksBefore, "noting what each pair costs", nil
	})
}

// judge holds what each pair costs there and back to both bounds.
func (o *outage) judge(prices map[asset.Pair]*big.Rat) error {
	for pair, cost := range costs(prices) {
		if o.cost = max(o.cost, cost); cost > costMost {
			return fmt.Errorf("%s and back costs %s, more than %s", pair, percent(cost), percent(costMost))
		}
		before, known := o.before[pair]
		if !known {
			return fmt.Errorf("%s had no price before", pair)
		}
		if o.wider = max(o.wider, cost-before); cost-before > widerMost {
			return fmt.Errorf("%s and back costs %s, more than %s beyond the %s before", pair, percent(cost), percent(widerMost), percent(before))
		}
	}
	return nil
}

// costs are what each pair costs there and back, where both are told.
func costs(prices map[asset.Pair]*big.Rat) map[asset.Pair]int64 {
	all := map[asset.Pair]int64{}
	for pair, there := range prices {
		if back := prices[asset.Pair{From: pair.To, To: pair.From}]; back != nil {
			all[pair] = costOf(there, back)
		}
	}
	return all
}

// costOf is what is lost of anything that is swapped there and back, in basis points,
// rounded up.
func costOf(there, back *big.Rat) int64 {
	lost := new(big.Rat).Mul(there, back)
	lost.Sub(big.NewRat(1, 1), lost).Mul(lost, big.NewRat(parts, 1))
	n := new(big.Int).Add(lost.Num(), new(big.Int).Sub(lost.Denom(), big.NewInt(1)))
	return n.Div(n, lost.Denom()).Int64()
}

// percent writes basis points.
func percent(bps int64) string { return fmt.Sprintf("%d.%02d %%", bps/100, bps%100) }
