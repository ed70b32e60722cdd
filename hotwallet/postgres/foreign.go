package postgres

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

// spend is what one transaction took from us.
type spend struct {
	txid string
	// moved is what left by asset, without the fee. It is told of foreign transactions
	// on all chains, of ours on account chains.
	moved  map[asset.ID]asset.Units
	fee    asset.Units // account chains
	failed bool
}

func (sp *spend) add(id asset.ID, u asset.Units) error {
	sum, err := sp.moved[id].Add(u)
	if err != nil {
		return fmt.Errorf("transaction %s: %w", sp.txid, err)
	}
	sp.moved[id] = sum
	return nil
}

// spends gathers a block's debits by transaction, in the block's order.
func (c *change) spends(ctx context.Context, b chain.Block, own map[string][]attempt) ([]spend, error) {
	if keepsAccounts(c.chain) {
		return c.accountSpends(b, own)
	}
	spent, err := c.spendCoins(ctx, b)
	if err != nil {
		return nil, err
	}
	var spends []spend
	for _, d := range b.Debits {
		if units, first := spent[d.TxID]; first {
			spends = append(spends, spend{txid: d.TxID, moved: map[asset.ID]asset.Units{c.native.ID: units}})
			delete(spent, d.TxID)
		}
	}
	return spends, nil
}

// accountSpends joins what a transaction of ours took from its sender in several
// assets. What it took from another address of ours is no part of it: no key of that
// address has signed.
func (c *change) accountSpends(b chain.Block, own map[string][]attempt) ([]spend, error) {
	var spends []spend
	at := map[string]int{} // our transactions' places in spends
	sender := map[string]string{}
	for _, d := range b.Debits {
		if _, ours := own[d.TxID]; ours && sender[d.TxID] == "" && d.Asset == c.native.ID {
			at[d.TxID], sender[d.TxID] = len(spends), d.Address
			spends = append(spends, spend{txid: d.TxID, moved: map[asset.ID]asset.Units{c.native.ID: d.Units}, fee: d.Fee, failed: d.Failed})
		}
	}
	for _, d := range b.Debits {
		if a, known := asset.Lookup(d.Asset); !known || a.Chain != c.chain {
			return nil, fmt.Errorf("transaction %s moved %.20q, no asset of %s: %w", d.TxID, d.Asset, c.chain, ErrState)
		}
		switch i, ours := at[d.TxID]; {
		case ours && d.Address == sender[d.TxID] && d.Asset == c.native.ID:
			// it is there
		case ours && d.Address == sender[d.TxID]:
			if err := spends[i].add(d.Asset, d.Units); err != nil {
				return nil, err
			}
		default:
			if _, named := own[d.TxID]; named && !ours {
				return nil, fmt.Errorf("our transaction %s took %s and cost nothing: %w", d.TxID, d.Asset, ErrState)
			}
			other := spend{txid: d.TxID, moved: map[asset.ID]asset.Units{d.Asset: d.Units}, fee: d.Fee, failed: d.Failed}
			if ours {
				other.txid += " at " + d.Address
			}
			spends = append(spends, other)
		}
	}
	return spends, nil
}

// effect compares what a token's payment moved with its order. Nothing is a failure: the
// contract did not do it, whatever the status says. What differs is as foreign as a
// spend of somebody else's. (A native payment moves what it says.)
func (c *change) effect(a attempt, sp *spend, f *foreign) {
	if a.amount.Asset == c.native.ID {
		for id, units := range sp.moved {
			if id != c.native.ID {
				f.add(sp.txid, id, units.Big())
			}
		}
		return
	}
	if sp.moved[a.amount.Asset].IsZero() {
		sp.failed = true
	}
	for id, units := range sp.moved {
		difference := units.Big()
		if id == a.amount.Asset && !sp.failed {
			difference.Sub(difference, a.amount.Units.Big())
		}
		f.add(sp.txid, id, difference)
	}
}

// foreign is what a block shows to have left without us, by asset.
type foreign struct {
	sums map[asset.ID]*big.Int
	by   []string
}

// spent notes a whole transaction of somebody else's, even one of nothing.
func (f *foreign) spent(sp spend, native asset.ID) {
	for id, units := range sp.moved {
		f.add(sp.txid, id, units.Big())
	}
	f.add(sp.txid, native, sp.fee.Big())
	f.name(sp.txid)
}

// add notes a difference; zero is none.
func (f *foreign) add(txid string, id asset.ID, units *big.Int) {
	if units.Sign() == 0 {
		return
	}
	if f.sums[id] == nil {
		f.sums[id] = new(big.Int)
	}
	f.sums[id].Add(f.sums[id], units)
	f.name(txid)
}

func (f *foreign) name(txid string) {
	if !slices.Contains(f.by, txid) {
		f.by = append(f.by, txid)
	}
}

// foreignKey is of the one entry for all that a block shows to be spent by others.
func foreignKey(c asset.Chain, blockHash string) string {
	return "foreign:" + string(c) + "@" + blockHash
}

// includeForeign books what left without us and halts the chain: a key is in
// other hands, or our records are wrong. In a block that a recovery reads again it is a
// payment of ours that these rows have lost.
func (c *change) includeForeign(ctx context.Context, b chain.Block, f foreign) error {
	if len(f.by) == 0 {
		return nil
	}
	recovers, err := c.recovers(ctx, b.Height)
	if err != nil {
		return err
	}
	e, on := ledger.Entry{Key: foreignKey(c.chain, b.Hash), Kind: "foreign"}, ledger.Suspense
	if recovers {
		e.Kind, on = "recovered", ledger.Recovered
	}
	for _, id := range slices.Sorted(maps.Keys(f.sums)) {
		units, err := asset.UnitsFromBig(new(big.Int).Abs(f.sums[id]))
		if err != nil {
			return fmt.Errorf("spends of others: %w", err)
		}
		if units.IsZero() {
			continue
		}
		a := asset.Amount{Asset: id, Units: units}
		debit, credit := on, ledger.Wallet
		if f.sums[id].Sign() < 0 { // a payment took less than it was to
			debit, credit = ledger.Wallet, on
		}
		e.Postings = append(e.Postings, ledger.Debit(debit, a), ledger.Credit(credit, a))
	}
	if len(e.Postings) > 0 {
		c.blockEntries = append(c.blockEntries, e)
	}
	if recovers {
		return c.raiseNonces(ctx, b)
	}
	reason := fmt.Sprintf("funds of ours were spent by %s in block %d, and we did not sign that",
		strings.Join(f.by, ", "), b.Height)
	c.config.Log.Error("funds were spent by a transaction that is not ours", "chain", c.chain, "height", b.Height, "txids", f.by)
	halted, err := c.halt(ctx, c.tx, itself, reason)
	if err != nil || halted {
		return err
	}
	return c.staffAction(ctx, c.tx, itself, "foreign spend", string(c.chain), reason)
}
