package fakechain

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// MinOutput implements chain.Payer.
func (c *Chain) MinOutput() asset.Units {
	if c.chain == asset.Ethereum {
		return asset.NewUnits(1)
	}
	return asset.NewUnits(dust)
}

// Replaceable implements chain.Payer.
func (c *Chain) Replaceable() bool { return !c.firstSeen }

// Broadcast implements chain.Payer.
func (c *Chain) Broadcast(ctx context.Context, raw []byte) (chain.Acceptance, error) {
	err := c.enter("Broadcast")
	defer c.mu.Unlock()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return chain.Unknown, err
	}
	return c.broadcast(raw)
}

// Plan implements chain.Payer.
func (c *Chain) Plan(ctx context.Context, f chain.Funds, r chain.Request) (chain.Plan, error) {
	err := c.enter("Plan")
	defer c.mu.Unlock()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return chain.Plan{}, err
	}
	if most := c.outputsMost(); len(r.Outputs) == 0 || len(r.Outputs) > most || r.Whole && len(r.Outputs) != 1 {
		return chain.Plan{}, fmt.Errorf("%d outputs, from 1 to %d can be paid, and one that takes everything", len(r.Outputs), most)
	}
	r.Outputs = slices.Clone(r.Outputs)
	for i := range r.Outputs {
		if err := c.checkOutput(&r.Outputs[i], f, r.Whole); err != nil {
			return chain.Plan{}, err
		}
	}
	if c.chain == asset.Ethereum {
		return c.planTransfer(f, r)
	}
	return c.planSpend(f, r)
}

func (c *Chain) outputsMost() int {
	if c.chain == asset.Ethereum {
		return 1
	}
	return chain.OutputsMost
}

// checkOutput makes the destination canonical.
func (c *Chain) checkOutput(o *chain.Output, f chain.Funds, whole bool) error {
	token, ok := c.token(o.Asset)
	if !ok {
		return fmt.Errorf("%s is no asset of %s", o.Asset, c.chain)
	}
	canonical, err := c.networks.ParseAddress(c.chain, o.Destination)
	if err != nil {
		return fmt.Errorf("destination: %w", err)
	}
	o.Destination = canonical
	fills := c.chain == asset.Ethereum && token == "" && canonical == f.Sender && o.Units.IsZero()
	switch {
	case whole && !o.Units.IsZero():
		return fmt.Errorf("it takes everything and names %s base units", o.Units)
	case !whole && !fills && o.Units.Less(c.MinOutput()) && (token == "" || o.Units.IsZero()):
		return fmt.Errorf("%s is below the smallest output %s", o.Units, c.MinOutput())
	}
	return nil
}

// planTransfer offers the rate that is asked for; by itself, it allows for a base fee that
// doubles before it is mined.
func (c *Chain) planTransfer(f chain.Funds, r chain.Request) (chain.Plan, error) {
	o := r.Outputs[0]
	token, _ := c.token(o.Asset)
	if token != "" && r.Whole {
		o.Units = f.TokenBalance
	}
	t := Tx{Chain: c.chain, Sender: f.Sender, Nonce: f.Nonce, Token: token}
	rate := max(r.Rate, c.scale(c.minRate))
	if r.Rate == 0 {
		rate = max(rate, 2*c.scale(c.rate))
	}
	for i, earlier := range r.Replaces {
		old, _, err := Decode(earlier.Unsigned)
		if err != nil || earlier.Nonce != f.Nonce || old.Sender != f.Sender {
			return chain.Plan{}, fmt.Errorf("attempt %d has not nonce %d of %s: both could be mined", i+1, f.Nonce, f.Sender)
		}
		rate = max(rate, old.rate()+old.rate()/8+1)
	}
	t.Fee = t.feeFor(rate)
	needs := t.Fee
	switch {
	case r.FeeMax.Less(t.Fee):
		return chain.Plan{}, fmt.Errorf("fee %s of at most %s: %w", t.Fee, r.FeeMax, chain.ErrFeeMax)
	case token == "" && r.Whole:
		rest, err := f.Balance.Sub(t.Fee)
		if err != nil || rest.IsZero() {
			return chain.Plan{}, &chain.ShortError{Asset: o.Asset, Has: f.Balance, Needs: t.Fee}
		}
		o.Units, needs = rest, f.Balance
	case token == "":
		needs = mustAdd(o.Units, t.Fee)
	case o.Destination == f.Sender:
		return chain.Plan{}, errors.New("the destination is the sender itself")
	case f.TokenBalance.Less(o.Units) || o.Units.IsZero():
		return chain.Plan{}, &chain.ShortError{Asset: token, Has: f.TokenBalance, Needs: o.Units}
	case c.refuse[token]:
		return chain.Plan{}, fmt.Errorf("%s: %w", token, chain.ErrRefused)
	}
	if f.Balance.Less(needs) {
		return chain.Plan{}, &chain.ShortError{Asset: c.chain.NativeID(), Has: f.Balance, Needs: needs}
	}
	t.Outputs = []Output{{Address: o.Destination, Units: o.Units}}
	return chain.Plan{
		Unsigned: t.encode(false), Outputs: []chain.Output{o}, ChangeIndex: -1, SenderPath: f.SenderPath, Nonce: f.Nonce,
		Fee: t.Fee, Size: t.size(), Rate: rate,
	}, nil
}

// raw finds the bytes of a transaction that is mined or in the mempool.
func (c *Chain) raw(txid string) ([]byte, error) {
	for _, b := range c.blocks {
		for _, t := range b.txs {
			if t.id == txid {
				return t.encode(true), nil
			}
		}
	}
	for _, t := range c.mempool {
		if t.ID() == txid {
			return t.encode(true), nil
		}
	}
	return nil, fmt.Errorf("transaction %s is neither in the chain nor in the mempool", txid)
}
