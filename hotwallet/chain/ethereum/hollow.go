package ethereum

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"

	"ferry/hotwallet/chain"
)

// Sent implements chain.SentReader: it asks for no trace, and for balances only where a token's
// transfer has logged nothing.
func (a *Adapter) Sent(ctx context.Context, ref chain.Ref, address string) ([]chain.Debit, error) {
	c, m, err := a.read(ctx, ref, sender(address), false)
	if err != nil {
		return nil, err
	}
	for i, tx := range c.txs {
		from := common.HexToAddress(address)
		at := slices.IndexFunc(m.Debits, func(d chain.Debit) bool { return d.TxID == tx.Hash().Hex() })
		if at < 0 || !a.tokens.unlogged(tx, c.receipts[i], from) {
			continue
		}
		unmoved, err := a.unmoved(ctx, c, m.Block, tx, from)
		if err != nil {
			return nil, err
		}
		for n := at; unmoved && n < len(m.Debits); n++ {
			if m.Debits[n].TxID == tx.Hash().Hex() {
				m.Debits[n].Failed = true
			}
		}
	}
	return m.Debits, nil
}

// unlogged reports a transaction of an address that calls a pinned token's transfer, whatever its
// status says, while the contract has logged no transfer from there.
func (p pinned) unlogged(tx *types.Transaction, r *types.Receipt, from common.Address) bool {
	if tx.To() == nil || !bytes.HasPrefix(tx.Data(), transferCall) {
		return false
	}
	if _, token := p[*tx.To()]; !token {
		return false
	}
	return !slices.ContainsFunc(r.Logs, func(l *types.Log) bool {
		t, is := readTransfer(l)
		return is && l.Address == *tx.To() && t.from == from
	})
}

// unmoved reports that the balances of both ends of a token's transfer grew in its block by what
// the block's logs say, and so by nothing of this transfer, which has logged none: a payment
// that moved something without a log must not be made anew. Where a contract does not say what
// they have, it is not known to have moved nothing.
func (a *Adapter) unmoved(ctx context.Context, c content, b chain.Block, tx *types.Transaction, from common.Address) (bool, error) {
	ends := []common.Address{from}
	if t, ok := readCall(from, tx.Data()); ok {
		ends = append(ends, t.to)
	}
	var batch []rpc.BatchElem
	for _, end := range ends {
		batch = append(batch, balanceOfAt(*tx.To(), end, b.Parent), balanceOfAt(*tx.To(), end, b.Hash))
	}
	found, err := a.askBalances(ctx, batch)
	if err != nil {
		if gone := a.checkCanonical(ctx, b.Ref); gone != nil {
			return false, errors.Join(gone, err)
		}
		return false, fmt.Errorf("block %s: %w", b.Ref, err)
	}
	for i, end := range ends {
		before, after := found[2*i], found[2*i+1]
		if before == nil || after == nil || new(big.Int).Sub(after, before).Cmp(c.logged(*tx.To(), end)) != 0 {
			return false, nil
		}
	}
	return true, nil
}

// logged is by how much a balance of a token grew in a block, as its logs say.
func (c content) logged(token, holder common.Address) *big.Int {
	sum := new(big.Int)
	for _, r := range c.receipts {
		for _, l := range r.Logs {
			t, is := readTransfer(l)
			if !is || l.Address != token {
				continue
			}
			if t.to == holder {
				sum.Add(sum, t.value)
			}
			if t.from == holder {
				sum.Sub(sum, t.value)
			}
		}
	}
	return sum
}
