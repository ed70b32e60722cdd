package model

import (
	"slices"

	"ferry/hotwallet/chain"
	"ferry/swap/ledger"
	"ferry/swap/model"
)

// Recover marks the chain as read again up to a block: spends of ours that nobody
// knows are booked as recovered in it and below.
func (s *Store) Recover(until int64) error {
	return s.change(func(c *change) error {
		model.Set(c.tx, c.recoveries, c.chain, until)
		c.halt(c.chain, "recovery")
		return nil
	})
}

// recovers reports that a block is one of those a recovery reads again.
func (c *change) recovers(height int64) bool {
	until, ordered := c.recoveries[c.chain]
	return ordered && height <= until
}

// recoveredChange reports that a credit comes back from a payment of ours that is lost,
// and books it.
func (c *change) recoveredChange(b chain.Block, credit chain.Credit) bool {
	a := c.addresses[place{c.chain, credit.Address}]
	if c.accounts() || !c.recovers(b.Height) || a.purpose != purposeFunding && a.purpose != purposeChange {
		return false
	}
	if _, known := c.txids[place{c.chain, credit.TxID}]; known {
		return false
	}
	if !slices.ContainsFunc(b.Debits, func(d chain.Debit) bool { return d.TxID == credit.TxID }) {
		return false
	}
	c.book(changeKey(c.DepositID(credit), b.Hash), "recovered.change", "", ledger.Wallet, ledger.Recovered, c.amount(credit.Units))
	return true
}

func changeKey(depositID, hash string) string { return "recovered:" + depositID + "@" + hash }

// reverseChange adds the entries of a block's recovered change to those to be reversed.
func (c *change) reverseChange(at chain.Ref, keys map[string]bool) {
	if !c.recovers(at.Height) {
		return
	}
	for key, row := range c.coins {
		if key.chain == c.chain && row.height == at.Height {
			keys[changeKey(string(c.chain)+":"+key.name, at.Hash)] = false
		}
	}
}

// raiseNonces has the sender go on after its transactions in a recovered block.
func (c *change) raiseNonces(b chain.Block) {
	for _, d := range b.Debits {
		from, set := c.senders[c.chain]
		if set && d.CoinID == "" && !d.Fee.IsZero() && d.Address == from.address && from.nonce < d.Nonce+1 {
			from.nonce = d.Nonce + 1
			model.Set(c.tx, c.senders, c.chain, from)
		}
	}
}
