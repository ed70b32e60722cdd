package utxo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// shorter is how much smaller an input of an earlier attempt may have come out than it
// was planned, in vbytes: a signature has up to two bytes less.
const shorter = 2

// terms are what a payment has to offer, in base units and base units per 1000 vbytes.
type terms struct {
	// rate for the payment, and for the parents that it pays for.
	rate uint64
	// replaced is the most that an attempt before it offered, incremental the rate to pay
	// on top of that for its own size; both 0 where nothing is replaced.
	replaced, incremental uint64
	// others: replaced is more than the attempt's own fee, since others' transactions depend on it.
	others bool
}

// terms follow from what the caller wants, what the node takes at all, and what is to be
// replaced.
func (a *Adapter) terms(ctx context.Context, f chain.Funds, r chain.Request) (terms, error) {
	rate := uint64(r.Rate)
	if rate == 0 {
		rate = a.feeRate(ctx)
	}
	least, err := a.floors(ctx)
	if err != nil {
		return terms{}, err
	}
	t := terms{rate: max(min(max(rate, a.cfg.FeeFloor), a.cfg.FeeCap), least.relay)}
	if len(r.Replaces) > 0 {
		if err := a.replace(ctx, &t, f, r.Replaces); err != nil {
			return t, err
		}
		t.incremental = least.incremental
		if t.others && r.FeeMax.Less(asset.NewUnits(t.replaced)) {
			return t, fmt.Errorf("what depends on the attempts pays %d, at most %s are paid: %w", t.replaced, r.FeeMax, chain.ErrDescendants)
		}
	}
	if asked := max(t.rate, t.incremental); asked > a.cfg.FeeCap {
		return t, fmt.Errorf("the nodes' rules ask for %d per kvB, at most %d is paid: %w", asked, a.cfg.FeeCap, chain.ErrFeeMax)
	}
	return t, nil
}

// replace raises the terms above every earlier attempt's: BIP125's rules 3 and 4, and the
// higher rate that nodes ask for besides; with the fees of what others have built on them. Each has to be excluded by what must be spent now, and may not have more
// unconfirmed inputs than they had (rule 2).
func (a *Adapter) replace(ctx context.Context, t *terms, f chain.Funds, earlier []chain.Plan) error {
	if !a.Replaceable() {
		return chain.ErrNotReplaceable
	}
	before := map[string]bool{}
	var txids []string
	for i, p := range earlier {
		conflicts := slices.ContainsFunc(p.Coins, func(c chain.Coin) bool {
			before[c.ID()] = true
			return slices.ContainsFunc(f.Must, func(m chain.Coin) bool { return m.ID() == c.ID() })
		})
		if !conflicts {
			return fmt.Errorf("attempt %d spends none of the coins that must be spent: both could be mined", i+1)
		}
		for _, c := range p.Coins {
			before[c.ID()] = true
		}
		txid, fee, rate, err := a.offered(p)
		if err != nil {
			return fmt.Errorf("attempt %d: %w", i+1, err)
		}
		t.replaced, t.rate = max(t.replaced, fee), max(t.rate, rate+1)
		txids = append(txids, txid)
	}
	sum, err := a.builtOn(ctx, txids)
	if err != nil {
		return fmt.Errorf("what depends on the attempts: %w", err)
	}
	t.others = sum > t.replaced
	t.replaced = max(t.replaced, sum)
	for _, c := range f.Must {
		if c.Parent != nil && !before[c.ID()] {
			return fmt.Errorf("coin %s is unconfirmed and in no earlier attempt: nodes refuse it in a replacement", c.ID())
		}
	}
	return nil
}

// offered is what an earlier attempt pays, and the highest rate that this can have come to. The
// txid is that of its unsigned form: only such inputs are replaceable as have no other.
func (a *Adapter) offered(p chain.Plan) (txid string, fee, rate uint64, err error) {
	var tx wire.MsgTx
	if err := tx.DeserializeNoWitness(bytes.NewReader(p.Unsigned)); err != nil {
		return "", 0, 0, fmt.Errorf("its transaction: %w", err)
	}
	fee, ok := p.Fee.Uint64()
	if !ok || fee > a.rules.Most || len(tx.TxIn) == 0 || len(tx.TxIn) != len(p.Coins) {
		return "", 0, 0, errors.New("it is not a plan of this chain")
	}
	size := vsize(a.moreWeight(p.Coins) + a.weight(len(tx.TxIn), tx.TxOut))
	return tx.TxHash().String(), fee, fee * 1000 / (size - shorter*uint64(len(tx.TxIn))), nil
}

// fee of a weight by itself, without what it pays for parents.
func (t terms) fee(weight uint64) uint64 {
	due := rateFee(t.rate, weight)
	if t.replaced > 0 {
		due = max(due, t.replaced+rateFee(t.incremental, weight))
	}
	return due
}

// lift is what the unconfirmed parents of coins lack at the rate. One that offers more
// lends nothing: miners take it alone.
func (t terms) lift(coins []chain.Coin) (sum uint64) {
	seen := map[string]bool{}
	for _, c := range coins {
		if c.Parent == nil || seen[c.TxID] {
			continue
		}
		seen[c.TxID] = true
		sum += t.lacks(c.Parent)
	}
	return sum
}

// lacks is what one parent, with its ancestors, does.
func (t terms) lacks(p *chain.Parent) uint64 {
	paid, _ := p.Fee.Uint64()
	due := rateFee(t.rate, 4*p.VSize)
	return due - min(due, paid)
}
