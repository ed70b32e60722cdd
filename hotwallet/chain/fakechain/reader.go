package fakechain

import (
	"context"
	"fmt"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// Chain implements chain.Reader.
func (c *Chain) Chain() asset.Chain { return c.chain }

// Tip implements chain.Reader.
func (c *Chain) Tip(ctx context.Context) (chain.Ref, error) {
	err := c.enter("Tip")
	defer c.mu.Unlock()
	if err != nil {
		return chain.Ref{}, err
	}
	return c.tip().Ref, ctx.Err()
}

// RefAt implements chain.Reader.
func (c *Chain) RefAt(ctx context.Context, height int64) (chain.Ref, error) {
	err := c.enter("RefAt")
	defer c.mu.Unlock()
	if err != nil {
		return chain.Ref{}, err
	}
	if height < 0 || height >= int64(len(c.blocks)) {
		return chain.Ref{}, fmt.Errorf("block at height %d: %w", height, chain.ErrBlockGone)
	}
	return c.blocks[height].Ref, ctx.Err()
}

// Block implements chain.Reader.
func (c *Chain) Block(ctx context.Context, ref chain.Ref, w chain.Watch) (chain.Block, error) {
	b, err := c.block("Block", ref)
	if err != nil {
		return chain.Block{}, err
	}
	return match(b, w), ctx.Err()
}

func (c *Chain) block(call string, ref chain.Ref) (block, error) {
	err := c.enter(call)
	defer c.mu.Unlock()
	if err != nil {
		return block{}, err
	}
	return c.find(ref)
}

// find is block with the lock held.
func (c *Chain) find(ref chain.Ref) (block, error) {
	if ref.Height < 0 || ref.Height >= int64(len(c.blocks)) || c.blocks[ref.Height].Ref != ref {
		return block{}, fmt.Errorf("block %s: %w", ref, chain.ErrBlockGone)
	}
	return c.blocks[ref.Height], nil
}

// match reads a block without any lock: blocks don't change.
func match(b block, w chain.Watch) chain.Block {
	out := chain.Block{Ref: b.Ref, Parent: b.parent, Time: b.time}
	fresh := map[string]bool{} // credited in this block, so not yet known to w
	for _, t := range b.txs {
		for _, in := range t.Inputs {
			if fresh[in] || w.Coin(in) {
				out.Debits = append(out.Debits, chain.Debit{TxID: t.id, Asset: t.Chain.NativeID(), CoinID: in})
			}
		}
		if t.Sender != "" && w.Address(t.Sender) {
			out.Debits = append(out.Debits, debits(t)...)
		}
		if t.failed {
			continue
		}
		for _, credit := range credits(t.Tx, t.id, w) {
			if t.Unbacked {
				out.Doubts = append(out.Doubts, chain.Doubt{Asset: credit.Asset, Address: credit.Address, TxIDs: []string{t.id},
					Logged: credit.Units.String(), Found: "0"})
				continue
			}
			fresh[credit.CoinID()] = true
			out.Credits = append(out.Credits, credit)
		}
	}
	return out
}

// debits are what a transaction costs its sender, and what it moves: a token by itself.
func debits(t minedTx) []chain.Debit {
	d := chain.Debit{TxID: t.id, Asset: t.Chain.NativeID(), Address: t.Sender, Nonce: t.Nonce, Fee: t.fee, Failed: t.failed}
	switch {
	case t.failed:
		return []chain.Debit{d}
	case t.Token != "":
		return []chain.Debit{d, {TxID: t.id, Asset: t.Token, Address: t.Sender, Units: t.total()}}
	}
	d.Units = t.total()
	return []chain.Debit{d}
}

func credits(t Tx, id string, w chain.Watch) []chain.Credit {
	if t.Token != "" {
		return paidInside(t, id, w, chain.Token)
	}
	if t.Chain == asset.Ethereum && len(t.Outputs) > 1 {
		return paidInside(t, id, w, chain.Internal)
	}
	var found []chain.Credit
	for i, o := range t.Outputs {
		if o.Units.IsZero() || !w.Address(o.Address) {
			continue
		}
		found = append(found, chain.Credit{
			TxID: id, Index: uint32(i), Address: o.Address, Asset: t.Chain.NativeID(), Units: o.Units, Coinbase: t.Coinbase,
		})
	}
	return found
}

// paidInside are the credits of a contract that pays several, or a token: one for each
// address.
func paidInside(t Tx, id string, w chain.Watch, from chain.Source) []chain.Credit {
	var found []chain.Credit
	for _, o := range t.Outputs {
		i := slices.IndexFunc(found, func(c chain.Credit) bool { return c.Address == o.Address })
		switch {
		case o.Units.IsZero() || !w.Address(o.Address):
		case i >= 0:
			found[i].Units = mustAdd(found[i].Units, o.Units)
		default:
			found = append(found, chain.Credit{TxID: id, Address: o.Address, Asset: t.asset(), Units: o.Units, Source: from})
		}
	}
	return found
}

// Mempool implements chain.Reader. What a contract will pay is not known there.
func (c *Chain) Mempool(ctx context.Context, w chain.Watch) ([]chain.Credit, error) {
	err := c.enter("Mempool")
	defer c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	var found []chain.Credit
	for _, t := range c.mempool {
		if t.Chain != asset.Ethereum || len(t.Outputs) == 1 { // nobody knows yet what a contract will do
			found = append(found, credits(t, t.ID(), w)...)
		}
	}
	return found, ctx.Err()
}

// Held implements chain.Reader. It looks back as far as the chain goes.
func (c *Chain) Held(ctx context.Context, at chain.Ref, id asset.ID, coins, addresses []string) (asset.Units, error) {
	err := c.enter("Held")
	defer c.mu.Unlock()
	if err != nil {
		return asset.Units{}, err
	}
	if _, err := c.find(at); err != nil {
		return asset.Units{}, err
	}
	token, ok := c.token(id)
	if !ok {
		return asset.Units{}, fmt.Errorf("%s is no asset of %s", id, c.chain)
	}
	s := c.stateAt(at.Height)
	var sum asset.Units
	if token != "" {
		for _, a := range addresses {
			sum = mustAdd(sum, s.tokens[holding{token, a}])
		}
		return sum, ctx.Err()
	}
	if c.chain == asset.Ethereum {
		for _, a := range addresses {
			sum = mustAdd(sum, s.balances[a])
		}
	} else {
		for _, id := range coins {
			sum = mustAdd(sum, s.coins[id].Units)
		}
	}
	sum = mustAdd(sum, c.faults.heldMore)
	less, err := sum.Sub(c.faults.heldLess)
	if err != nil {
		less = asset.Units{}
	}
	return less, ctx.Err()
}

// CheckDestination implements chain.Reader.
func (c *Chain) CheckDestination(ctx context.Context, address string) error {
	err := c.enter("CheckDestination")
	defer c.mu.Unlock()
	if err != nil {
		return err
	}
	if c.forbid[address] {
		return fmt.Errorf("a token contract: %w", asset.ErrAddressForbidden)
	}
	return ctx.Err()
}
