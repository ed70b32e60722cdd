package utxo

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/utxo/selection"
)

// maxInputs bounds a transaction to about a seventh of the largest a node relays
// (400,000 weight units), and the number of previous transactions to read.
const maxInputs = 200

// unconfirmedMost bounds a chain of our own transactions in no block, the new one among
// them. Nodes take 25 (Bitcoin Core's DEFAULT_ANCESTOR_LIMIT and DEFAULT_DESCENDANT_LIMIT),
// of which those whom we pay may use up most.
const unconfirmedMost = 5

// picked is a choice of coins: all of must first, in their order.
type picked struct {
	coins []chain.Coin
	sat   uint64
}

// costs are what the inputs and outputs of a payment cost, in base units.
type costs struct {
	// need is what a payment with so many inputs needs: amount and fee, without change and
	// with what the parents of coins that must be spent lack.
	need func(inputs int) uint64
	// input is what one costs now, usualInput what it costs at the usual rate.
	input, usualInput uint64
	// change is what an output for it costs now.
	change uint64
	// seed is the payment's own.
	seed uint64
	// lacks is what the parent of an unconfirmed coin lacks.
	lacks func(*chain.Parent) uint64
}

func (a *Adapter) costs(f chain.Funds, d draft) costs {
	lot := fnv.New64a()
	for _, out := range d.pays {
		_, _ = lot.Write(out.PkScript) // never fails
	}
	back := append(d.pays[:len(d.pays):len(d.pays)], wire.NewTxOut(0, d.back))
	lift := d.lift(f.Must)
	return costs{
		need:  func(inputs int) uint64 { return d.amount + lift + d.fee(d.more+a.weight(inputs, d.pays)) },
		input: rateFee(d.rate, a.rules.Input.Weight), usualInput: rateFee(a.cfg.FeeUsual, a.rules.Input.Weight),
		change: rateFee(d.rate, a.weight(1, back)) - rateFee(d.rate, a.weight(1, d.pays)), seed: lot.Sum64() ^ d.amount, lacks: d.lacks,
	}
}

// choose picks coins. Unconfirmed change of ours is taken only where confirmed coins do
// not suffice, and never into a replacement.
func (a *Adapter) choose(f chain.Funds, r chain.Request, d draft) (picked, error) {
	if count := unconfirmed(f.Must); count >= unconfirmedMost {
		return picked{}, fmt.Errorf("the coins that must be spent have %d unconfirmed transactions before them, at most %d are built on", count, unconfirmedMost-1)
	}
	confirmed := f
	confirmed.Coins = slices.DeleteFunc(slices.Clone(f.Coins), func(c chain.Coin) bool { return c.Parent != nil })
	if len(r.Replaces) > 0 {
		f = confirmed
	}
	if r.Whole {
		return a.takeAll(f, d)
	}
	s, err := a.selectCoins(confirmed, a.costs(f, d))
	if len(confirmed.Coins) == len(f.Coins) || !errors.Is(err, chain.ErrFunds) {
		return s, err
	}
	s, err = a.selectCoins(f, a.costs(f, d))
	if count := unconfirmed(s.coins); err == nil && count >= unconfirmedMost {
		return s, fmt.Errorf("%d unconfirmed transactions would be before it, at most %d are built on: %w", count, unconfirmedMost-1, chain.ErrFunds)
	}
	return s, err
}

// takeAll takes every coin that must be spent, and each other that brings more than it
// costs.
func (a *Adapter) takeAll(f chain.Funds, d draft) (picked, error) {
	var s picked
	taken := map[string]bool{}
	for _, c := range f.Must {
		if err := s.add(c, taken, a.rules); err != nil {
			return s, err
		}
	}
	for _, c := range a.optional(f.Coins, taken) {
		sat, _ := c.Units.Uint64()
		cost := rateFee(d.rate, a.rules.Input.Weight)
		if c.Parent != nil {
			cost += d.lacks(c.Parent)
		}
		if sat <= cost || unconfirmed(append(s.coins[:len(s.coins):len(s.coins)], c)) >= unconfirmedMost {
			continue
		}
		if err := s.add(c, taken, a.rules); err != nil {
			return s, err
		}
	}
	if len(s.coins) == 0 {
		return s, fmt.Errorf("none of %d coins is worth more than it costs to spend: %w", len(f.Coins), chain.ErrFunds)
	}
	return s, nil
}

// unconfirmed counts the transactions that coins depend on and that are in no block.
func unconfirmed(coins []chain.Coin) (count int) {
	seen := map[string]bool{}
	for _, c := range coins {
		if c.Parent != nil && !seen[c.TxID] {
			seen[c.TxID] = true
			count += max(c.Parent.Count, 1)
		}
	}
	return count
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
		if coin.Parent != nil {
			values[i] -= min(values[i], c.lacks(coin.Parent))
		}
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
