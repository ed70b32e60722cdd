package fakechain

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// unconfirmedMost bounds a chain of our own transactions in no block, as chain/utxo does.
const unconfirmedMost = 5

// offer is what a plan has to pay: a rate, and in place of others what they paid and the
// relay's minimum for its own size.
type offer struct {
	rate     chain.Rate
	replaced asset.Units
	replaces bool
}

func (c *Chain) offer(f chain.Funds, r chain.Request) (offer, error) {
	o := offer{rate: r.Rate}
	if r.Rate == 0 {
		o.rate = c.scale(c.rate)
	}
	o.rate = max(o.rate, c.scale(c.minRate))
	if len(r.Replaces) == 0 {
		return o, nil
	}
	if c.firstSeen {
		return o, chain.ErrNotReplaceable
	}
	o.replaces = true
	for i, earlier := range r.Replaces {
		old, _, err := Decode(earlier.Unsigned)
		if err != nil {
			return o, err
		}
		conflicts := slices.ContainsFunc(f.Must, func(m chain.Coin) bool { return slices.Contains(old.Inputs, m.ID()) })
		if !conflicts {
			return o, fmt.Errorf("attempt %d spends none of the coins that must be spent: both could be mined", i+1)
		}
		o.rate = max(o.rate, old.rate()+1)
		if o.replaced.Less(old.Fee) {
			o.replaced = old.Fee
		}
	}
	return o, nil
}

// due is what a transaction with these inputs has to pay, for itself and for what the
// parents of unconfirmed coins lack.
func (o offer) due(t Tx, coins []chain.Coin) asset.Units {
	due := t.feeFor(o.rate)
	if o.replaces {
		if least := mustAdd(o.replaced, t.feeFor(incrementalRate)); due.Less(least) {
			due = least
		}
	}
	seen := map[string]bool{}
	for _, coin := range coins {
		if coin.Parent == nil || seen[coin.TxID] {
			continue
		}
		seen[coin.TxID] = true
		if lack, err := perThousand(coin.Parent.VSize, o.rate).Sub(coin.Parent.Fee); err == nil {
			due = mustAdd(due, lack)
		}
	}
	return due
}

// planSpend takes all of Must, then the largest coins until they cover the rest, those
// without unconfirmed parents first.
func (c *Chain) planSpend(f chain.Funds, r chain.Request) (chain.Plan, error) {
	o, err := c.offer(f, r)
	if err != nil {
		return chain.Plan{}, err
	}
	optional := slices.DeleteFunc(slices.Clone(f.Coins), func(coin chain.Coin) bool {
		return slices.ContainsFunc(f.Must, func(m chain.Coin) bool { return m.ID() == coin.ID() }) || coin.Parent != nil && o.replaces
	})
	slices.SortFunc(optional, func(a, b chain.Coin) int {
		return cmp.Or(depends(a)-depends(b), b.Units.Cmp(a.Units), cmp.Compare(a.ID(), b.ID()))
	})
	t, sum := Tx{Chain: c.chain}, asset.Units{}
	for _, each := range r.Outputs {
		t.Outputs = append(t.Outputs, Output{Address: each.Destination, Units: each.Units})
		sum = mustAdd(sum, each.Units)
	}
	var in asset.Units
	candidates, depend := slices.Concat(f.Must, optional), 0
	for n, coin := range candidates {
		if depend += depends(coin); depend >= unconfirmedMost {
			return chain.Plan{}, fmt.Errorf("%d unconfirmed transactions before it: %w", depend, chain.ErrFunds)
		}
		t.Inputs = append(t.Inputs, coin.ID())
		in = mustAdd(in, coin.Units)
		picked := candidates[:n+1]
		if n+1 < len(f.Must) || r.Whole && n+1 < len(candidates) || in.Less(mustAdd(sum, o.due(t, picked))) {
			continue
		}
		return c.finishSpend(t, picked, in, f, r, o)
	}
	return chain.Plan{}, fmt.Errorf("coins worth %s: %w", in, chain.ErrFunds)
}

// depends counts the unconfirmed transactions that a coin depends on.
func depends(coin chain.Coin) int {
	if coin.Parent == nil {
		return 0
	}
	return max(coin.Parent.Count, 1)
}

func (c *Chain) finishSpend(t Tx, picked []chain.Coin, in asset.Units, f chain.Funds, r chain.Request, o offer) (chain.Plan, error) {
	p := chain.Plan{ChangeIndex: -1, Coins: slices.Clone(picked), Outputs: slices.Clone(r.Outputs)}
	if r.Whole {
		t.Fee = o.due(t, picked)
		rest := mustSub(in, t.Fee)
		if rest.Less(c.MinOutput()) {
			return p, fmt.Errorf("coins worth %s leave nothing after a fee of %s: %w", in, t.Fee, chain.ErrFunds)
		}
		t.Outputs[0].Units, p.Outputs[0].Units = rest, rest
	} else {
		t.Fee = mustSub(in, t.total())
		withChange := t
		withChange.Outputs = append(slices.Clone(t.Outputs), Output{Address: f.ChangeAddress})
		fee := o.due(withChange, picked)
		if change, err := t.Fee.Sub(fee); err == nil && !change.Less(asset.NewUnits(dust)) {
			p.ChangeIndex, p.ChangePath = len(t.Outputs), f.ChangePath
			withChange.Fee, withChange.Outputs[p.ChangeIndex].Units = fee, change
			t = withChange
		}
	}
	if r.FeeMax.Less(t.Fee) {
		return chain.Plan{}, fmt.Errorf("fee %s of at most %s: %w", t.Fee, r.FeeMax, chain.ErrFeeMax)
	}
	for i, coin := range p.Coins {
		previous, err := c.raw(coin.TxID)
		if err != nil {
			return chain.Plan{}, err
		}
		p.Coins[i].PreviousTx = previous
	}
	p.Unsigned, p.Fee, p.Size, p.Rate = t.encode(false), t.Fee, t.size(), t.rate()
	if slices.ContainsFunc(p.Coins, func(coin chain.Coin) bool { return coin.Parent != nil }) {
		p.Rate = o.rate
	}
	return p, nil
}

// perThousand is a size's fee at a rate of the UTXO chain, rounded up.
func perThousand(size uint64, rate chain.Rate) asset.Units {
	fee, err := asset.NewUnits(size).MulDiv(new(big.Int).SetUint64(uint64(rate)), big.NewInt(1000), asset.Up)
	if err != nil {
		panic(errors.Join(errors.New("fakechain: a fee that no test can want"), err))
	}
	return fee
}
