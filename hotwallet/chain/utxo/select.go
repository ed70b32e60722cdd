package utxo

import (
	"cmp"
	"fmt"
	"slices"

	"ferry/hotwallet/chain"
)

// maxInputs bounds a transaction to about a seventh of the largest a node relays
// (400,000 weight units), and the number of previous transactions to read.
const maxInputs = 200

// selection is a choice of coins: all of must first, in their order.
type selection struct {
	coins []chain.Coin
	sat   uint64
}

// selectCoins picks coins that are worth at least need(number of inputs) sat:
// all of must, then the largest others. marginal is what one more input costs; a
// coin that is not worth more would make the payment dearer, not nearer. One below
// the chain's least is never taken.
func (a *Adapter) selectCoins(f chain.Funds, marginal uint64, need func(inputs int) uint64) (selection, error) {
	var s selection
	taken := map[string]bool{}
	for _, c := range f.Must {
		if err := s.add(c, taken, a.rules); err != nil {
			return selection{}, err
		}
	}
	optional := slices.Clone(f.Coins)
	slices.SortFunc(optional, func(x, y chain.Coin) int {
		return cmp.Or(y.Units.Cmp(x.Units), cmp.Compare(x.ID(), y.ID()))
	})
	for _, c := range optional {
		if len(s.coins) > 0 && s.sat >= need(len(s.coins)) {
			return s, nil
		}
		if taken[c.ID()] {
			continue
		}
		if sat, ok := c.Units.Uint64(); ok && (sat <= marginal || sat < a.rules.Least) || len(s.coins) == maxInputs {
			break
		}
		if err := s.add(c, taken, a.rules); err != nil {
			return selection{}, err
		}
	}
	if len(s.coins) == 0 || s.sat < need(len(s.coins)) {
		return selection{}, fmt.Errorf("%d coins worth %d sat: %w", len(s.coins), s.sat, chain.ErrFunds)
	}
	return s, nil
}

func (s *selection) add(c chain.Coin, taken map[string]bool, r Rules) error {
	sat, ok := c.Units.Uint64()
	switch {
	case !ok || sat > r.Most || s.sat+sat > r.Most:
		return fmt.Errorf("coin %s: %s sat is more than there are", c.ID(), c.Units)
	case sat < r.Least:
		return fmt.Errorf("coin %s of %d is in quarantine: less than %d is never spent", c.ID(), sat, r.Least)
	case taken[c.ID()]:
		return fmt.Errorf("coin %s is given twice", c.ID())
	case len(s.coins) == maxInputs:
		return fmt.Errorf("more than %d coins must be spent", maxInputs)
	}
	taken[c.ID()] = true
	s.coins, s.sat = append(s.coins, c), s.sat+sat
	return nil
}
