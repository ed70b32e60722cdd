package fakechain

import (
	"cmp"
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
	token, ok := c.token(r.Asset)
	if !ok {
		return chain.Plan{}, fmt.Errorf("%s is no asset of %s", r.Asset, c.chain)
	}
	canonical, err := c.networks.ParseAddress(c.chain, r.Destination)
	if err != nil {
		return chain.Plan{}, fmt.Errorf("destination: %w", err)
	}
	if r.Units.Less(c.MinOutput()) && (token == "" || r.Units.IsZero()) {
		return chain.Plan{}, fmt.Errorf("%s is below the smallest output %s", r.Units, c.MinOutput())
	}
	r.Destination = canonical
	if c.chain == asset.Ethereum {
		return c.planTransfer(f, r, token)
	}
	return c.planSpend(f, r)
}

// planTransfer allows for a base fee that doubles before it is mined.
func (c *Chain) planTransfer(f chain.Funds, r chain.Request, token asset.ID) (chain.Plan, error) {
	t := Tx{
		Chain: c.chain, Sender: f.Sender, Nonce: f.Nonce, Token: token,
		Outputs: []Output{{Address: r.Destination, Units: r.Units}},
	}
	t.Fee = c.feeAt(t, 2*c.rate)
	needs := t.Fee
	switch {
	case token == "":
		needs = mustAdd(r.Units, t.Fee)
	case r.Destination == f.Sender:
		return chain.Plan{}, errors.New("the destination is the sender itself")
	case f.TokenBalance.Less(r.Units):
		return chain.Plan{}, &chain.ShortError{Asset: token, Has: f.TokenBalance, Needs: r.Units}
	case c.refuse[token]:
		return chain.Plan{}, fmt.Errorf("%s: %w", token, chain.ErrRefused)
	}
	if r.FeeMax.Less(t.Fee) {
		return chain.Plan{}, fmt.Errorf("fee %s of at most %s: %w", t.Fee, r.FeeMax, chain.ErrFeeMax)
	}
	if f.Balance.Less(needs) {
		return chain.Plan{}, &chain.ShortError{Asset: c.chain.NativeID(), Has: f.Balance, Needs: needs}
	}
	return chain.Plan{
		Unsigned: t.encode(false), ChangeIndex: -1, SenderPath: f.SenderPath, Nonce: f.Nonce, Fee: t.Fee,
	}, nil
}

// planSpend takes all of Must, then the largest coins until they cover the rest.
func (c *Chain) planSpend(f chain.Funds, r chain.Request) (chain.Plan, error) {
	optional := slices.DeleteFunc(slices.Clone(f.Coins), func(coin chain.Coin) bool {
		return slices.ContainsFunc(f.Must, func(m chain.Coin) bool { return m.ID() == coin.ID() })
	})
	slices.SortFunc(optional, func(a, b chain.Coin) int {
		return cmp.Or(b.Units.Cmp(a.Units), cmp.Compare(a.ID(), b.ID()))
	})
	candidates := slices.Concat(f.Must, optional)
	t := Tx{Chain: c.chain, Outputs: []Output{{Address: r.Destination, Units: r.Units}}}
	var in asset.Units
	for n, coin := range candidates {
		t.Inputs = append(t.Inputs, coin.ID())
		in = mustAdd(in, coin.Units)
		if n+1 < len(f.Must) || in.Less(mustAdd(r.Units, c.feeAt(t, c.rate))) {
			continue
		}
		return c.finishSpend(t, candidates[:n+1], in, f, r)
	}
	return chain.Plan{}, fmt.Errorf("coins worth %s: %w", in, chain.ErrFunds)
}

func (c *Chain) finishSpend(t Tx, picked []chain.Coin, in asset.Units, f chain.Funds, r chain.Request) (chain.Plan, error) {
	p := chain.Plan{ChangeIndex: -1, Coins: slices.Clone(picked)}
	t.Fee = mustSub(in, r.Units)
	withChange := t
	withChange.Outputs = append(slices.Clone(t.Outputs), Output{Address: f.ChangeAddress})
	fee := c.feeAt(withChange, c.rate)
	if change, err := t.Fee.Sub(fee); err == nil && !change.Less(asset.NewUnits(dust)) {
		withChange.Fee, withChange.Outputs[1].Units = fee, change
		t, p.ChangeIndex, p.ChangePath = withChange, 1, f.ChangePath
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
	p.Unsigned, p.Fee = t.encode(false), t.Fee
	return p, nil
}

// raw finds a mined transaction's bytes.
func (c *Chain) raw(txid string) ([]byte, error) {
	for _, b := range c.blocks {
		for _, t := range b.txs {
			if t.id == txid {
				return t.encode(true), nil
			}
		}
	}
	return nil, fmt.Errorf("transaction %s is not in the chain", txid)
}
