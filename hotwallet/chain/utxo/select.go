package utxo

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/utxo/selection"
)

// maxInputs bounds a transaction to about a seventh of the largest a node relays
// (400,000 weight units), and the number of previous transactions to read.
const maxInputs = 200

// picked is a choice of coins: all of must first, in their order.
type picked struct {
	coins []chain.Coin
	sat   uint64
}

// costs are what the inputs and outputs of a payment cost, in base units.
type costs struct {
	// need is what a payment with so many inputs needs: amount and fee, without change.
	need func(inputs int) uint64
	// input is what one costs now, usualInput what it costs at the usual rate.
	input, usualInput uint64
	// change is what an output for it costs now.
	change uint64
	// seed is the payment's own.
	seed uint64
}

// costs at a rate, for a payment by script pay with change to script back, whose inputs
// weigh so much more than those of the chain's own form.
func (a *Adapter) costs(rate, amount, more uint64, pay, back []byte) costs {
	lot := fnv.New64a()
	_, _ = lot.Write(pay) // never fails
	c := costs{input: fee(rate, a.rules.Input.Weight), usualInput: fee(a.cfg.FeeUsual, a.rules.Input.Weight), seed: lot.Sum64() ^ amount,
		need: func(inputs int) uint64 { return amount + fee(rate, more+a.weight(inputs, pay)) }}
	c.change = fee(rate, a.weight(1, pay, back)) - fee(rate, a.weight(1, pay))
	return c
}

// selectCoins picks coins that are worth what is needed: all of must, then those of
// least waste (package selection). One that costs more than it is worth or is below
// the chain's least is never taken.
func (a *Adapter) selectCoins(f chain.Funds, c costs) (picked, error) {
	var s picked
	taken := map[string]bool{}
	for _, coin := range f.Must {
		if err := s.add(coin, taken, a.rules); err != nil {
			return picked{}, err
		}
	}
	need := c.need(len(s.coins))
	if len(s.coins) > 0 && s.sat >= need {
		return s, nil
	}
	optional := a.optional(f.Coins, taken)
	values := make([]uint64, len(optional))
	for i, coin := range optional {
		values[i], _ = coin.Units.Uint64()
	}
	choice, ok := selection.Choose(selection.Problem{Values: values, Base: need - s.sat, InputFee: c.input, LongTermInputFee: c.usualInput,
		ChangeFee: c.change, ChangeSpend: c.usualInput, ChangeLeast: a.rules.change(), InputsMost: maxInputs - len(s.coins), Seed: c.seed})
	if !ok {
		return picked{}, fmt.Errorf("%d coins that must be spent and %d others do not come to %d: %w", len(s.coins), len(optional), need, chain.ErrFunds)
	}
	for _, i := range choice.Coins {
		if err := s.add(optional[i], taken, a.rules); err != nil {
			return picked{}, err
		}
	}
	return s, nil
}

// optional are the coins that may be taken, the largest first, so that the same coins
// in another order give the same choice.
func (a *Adapter) optional(coins []chain.Coin, taken map[string]bool) []chain.Coin {
	left := slices.DeleteFunc(slices.Clone(coins), func(c chain.Coin) bool {
		sat, ok := c.Units.Uint64()
		return taken[c.ID()] || !ok || sat < a.rules.Least || sat > a.rules.Most
	})
	slices.SortFunc(left, func(x, y chain.Coin) int {
		return cmp.Or(y.Units.Cmp(x.Units), cmp.Compare(x.ID(), y.ID()))
	})
	return left
}

func (s *picked) add(c chain.Coin, taken map[string]bool, r Rules) error {
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
