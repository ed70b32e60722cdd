package dust

import (
	"fmt"
	"math/big"

	"ferry/swap/asset"
)

// Limits bound the threshold, in base units of the chain's asset.
type Limits struct{ Floor, Ceiling asset.Units }

// Validate reports a floor above the ceiling.
func (l Limits) Validate() error {
	if l.Ceiling.Less(l.Floor) {
		return fmt.Errorf("dust: the ceiling %s is below the floor %s", l.Ceiling, l.Floor)
	}
	return nil
}

func (l Limits) clamp(u asset.Units) asset.Units {
	switch {
	case u.Less(l.Floor):
		return l.Floor
	case l.Ceiling.Less(u):
		return l.Ceiling
	}
	return u
}

// Level is how a threshold stands, in base units.
type Level struct {
	// Cost is what spending a deposit costs, within the limits and smoothed over the
	// looks at it.
	Cost asset.Units
	// Threshold is what is published.
	Threshold asset.Units
}

const (
	// weight: each look moves the smoothed cost by an eighth of what it is off: a rise
	// that lasts is followed to two thirds after eight looks.
	weight = 8
	// spike: what is more than twice or less than half of it counts as that much, so no
	// single look moves it by more than an eighth.
	spike = 2
	// band: the threshold moves when the cost is off it by more than an eighth.
	band = 8
	// digits of a threshold that are not zero: it is read by people.
	digits = 2
)

// First is the level after the first look, which has nothing to be smoothed with.
func (l Limits) First(cost asset.Units) (Level, error) {
	cost = l.clamp(cost)
	rounded, err := round(cost)
	return Level{Cost: cost, Threshold: l.clamp(rounded)}, err
}

// Next is the level after one more look at what spending a deposit costs. It is pure.
// While the cost stands still, so does the threshold after some looks, within an eighth
// of it or at a limit.
func (l Limits) Next(now Level, cost asset.Units) (Level, error) {
	smoothed, err := approach(l.clamp(now.Cost), l.clamp(cost))
	if err != nil {
		return now, err
	}
	wanted, err := round(smoothed)
	if err != nil {
		return now, err
	}
	wanted = l.clamp(wanted)
	next := Level{Cost: smoothed, Threshold: l.clamp(now.Threshold)}
	if wanted == l.Floor || wanted == l.Ceiling || beyond(next.Threshold, wanted) {
		next.Threshold = wanted
	}
	return next, nil
}

// approach moves from one amount towards another by a part of the way, at least by one
// unit: so it arrives.
func approach(from, to asset.Units) (asset.Units, error) {
	most := new(big.Int).Mul(from.Big(), big.NewInt(spike))
	least := new(big.Int).Quo(from.Big(), big.NewInt(spike))
	target := to.Big()
	switch {
	case target.Cmp(least) < 0:
		target = least
	case target.Cmp(most) > 0 && from.IsZero():
		target = big.NewInt(1)
	case target.Cmp(most) > 0:
		target = most
	}
	step := new(big.Int).Sub(target, from.Big())
	part := new(big.Int).Quo(step, big.NewInt(weight))
	if part.Sign() == 0 {
		part.SetInt64(int64(step.Sign()))
	}
	return asset.UnitsFromBig(part.Add(part, from.Big()))
}

// beyond reports that an amount is off another by more than a part of it.
func beyond(from, to asset.Units) bool {
	off := new(big.Int).Sub(to.Big(), from.Big())
	return off.Abs(off).Mul(off, big.NewInt(band)).Cmp(from.Big()) > 0
}

// round writes an amount with few digits, up: what is rounded is still worth spending.
func round(u asset.Units) (asset.Units, error) {
	places := len(u.String()) - digits
	if places <= 0 {
		return u, nil
	}
	step := asset.Pow10(places)
	steps, err := u.MulDiv(big.NewInt(1), step, asset.Up)
	if err != nil {
		return u, err
	}
	return steps.MulDiv(step, big.NewInt(1), asset.Down)
}
