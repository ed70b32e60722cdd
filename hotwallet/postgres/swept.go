package postgres

import (
	"context"
	"fmt"
	"math/big"

	"ferry/hotwallet/chain"
)

var (
	addSentSQL    = statement("ADD_DEPOSIT_SENT")
	removeSentSQL = statement("REMOVE_DEPOSIT_SENT")
)

// arrives reports a credit that is the other end of a payment of the house's own: it is
// no deposit, because it was ours before.
func (c *change) arrives(credit chain.Credit, own map[string][]attempt) bool {
	for _, a := range own[credit.TxID] {
		if a.purpose.House() && a.destination == credit.Address && a.amount.Asset == credit.Asset {
			return true
		}
	}
	return false
}

// swept holds what a payment of the house's own took against what arrived: what is
// missing has left us, as foreign as a spend of somebody else's.
func (c *change) swept(b chain.Block, a attempt, sp spend, f *foreign) {
	if !a.purpose.House() || !keepsAccounts(c.chain) || sp.failed {
		return
	}
	moved, arrived := sp.moved[a.amount.Asset], new(big.Int)
	for _, credit := range b.Credits {
		if credit.TxID == sp.txid && credit.Address == a.destination && credit.Asset == a.amount.Asset {
			arrived.Add(arrived, credit.Units.Big())
		}
	}
	f.add(sp.txid, a.amount.Asset, new(big.Int).Sub(moved.Big(), arrived))
}

// moveSent stores the nonces that were used up in the block, and by what: of deposit
// addresses, and by others of the address that pays.
func (c *change) moveSent(ctx context.Context, b chain.Block, own map[string][]attempt) error {
	var addresses, txids []string
	var nonces []int64
	var strange []bool
	for _, d := range b.Debits {
		if d.CoinID == "" && !d.Fee.IsZero() && d.Asset == c.native.ID {
			_, ours := own[d.TxID]
			addresses, nonces = append(addresses, d.Address), append(nonces, int64(d.Nonce))
			txids, strange = append(txids, d.TxID), append(strange, !ours)
		}
	}
	if len(addresses) == 0 {
		return nil
	}
	if _, err := c.tx.Exec(ctx, addSentSQL, c.chain, b.Height, addresses, nonces, txids, strange, b.Hash); err != nil {
		return fmt.Errorf("store which nonces are used up: %w", err)
	}
	return nil
}

// takeBackSent undoes moveSent of the block.
func (c *change) takeBackSent(ctx context.Context, at chain.Ref) error {
	if !keepsAccounts(c.chain) {
		return nil
	}
	if _, err := c.tx.Exec(ctx, removeSentSQL, c.chain, at.Height); err != nil {
		return fmt.Errorf("take back what deposit addresses sent: %w", err)
	}
	return nil
}
