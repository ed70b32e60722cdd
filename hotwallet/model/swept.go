package model

import (
	"math/big"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
	"ferry/swap/model"
)

// moved is what a payment is to move: of a sweep what its plan says.
func (p Payment) moved() asset.Amount {
	if p.House != nil && !p.swept.IsZero() {
		return asset.Amount{Asset: p.Order.Amount.Asset, Units: p.swept}
	}
	return p.Order.Amount
}

// arrives reports a credit that is the other end of a payment of the house's own.
func (c *change) arrives(b batch, credit chain.Credit) bool {
	return slices.ContainsFunc(b.orders, func(id string) bool {
		p := c.payments[id]
		return p.House != nil && p.Order.Destination == credit.Address && p.Order.Amount.Asset == credit.Asset
	})
}

// missing notes what a payment of the house's own took and what did not arrive.
func (c *change) missing(b chain.Block, p Payment, own []chain.Debit, alien *strangers) {
	id := p.Order.Amount.Asset
	lost := new(big.Int)
	for _, d := range own {
		if d.Asset == id {
			lost.Add(lost, d.Units.Big())
		}
	}
	for _, credit := range b.Credits {
		if credit.TxID == own[0].TxID && credit.Address == p.Order.Destination && credit.Asset == id {
			lost.Sub(lost, credit.Units.Big())
		}
	}
	alien.took(own[0].TxID, id, lost)
}

// spent is a nonce that a deposit address has used up.
type spent struct {
	place
	nonce uint64
}

// moveSent notes the nonces that deposit addresses have used up in a block, or takes them
// back with it.
func (c *change) moveSent(b chain.Block, back bool) {
	if !c.accounts() {
		return
	}
	for _, d := range b.Debits {
		at := spent{place{c.chain, d.Address}, d.Nonce}
		a, ours := c.addresses[at.place]
		switch {
		case d.CoinID != "" || d.Fee.IsZero() || d.Asset != c.native.ID || !ours || a.purpose == purposeFunding:
		case !back:
			model.Set(c.tx, c.sent, at, b.Height)
		case c.sent[at] == b.Height:
			model.Delete(c.tx, c.sent, at)
		}
	}
}
