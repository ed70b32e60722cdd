package ethereum

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// holding is what one of our addresses has of a token.
type holding struct {
	token    asset.ID
	contract common.Address
	address  common.Address
}

// movement is by how much a transaction changed a holding, as logs say: what came less
// what went.
type movement struct {
	txid string
	net  *big.Int
}

// moved is a holding with what a block's logs say of it, in the block's order.
type moved struct {
	holding
	txs []movement
}

// tokenMoves sums up the logs of the pinned contracts that concern us. The receipts
// have been found to be the ones that the header commits to, and so have their logs: none
// is missing, invented, of another block or of a transaction that failed.
func (c content) tokenMoves(p pinned, w chain.Watch) []moved {
	var all []moved
	index := map[holding]int{}
	for i, r := range c.receipts {
		for _, l := range r.Logs {
			token, known := p[l.Address]
			if !known {
				continue
			}
			t, ok := readTransfer(l)
			if !ok {
				continue
			}
			txid := c.txs[i].Hash().Hex()
			for _, side := range []struct {
				address common.Address
				by      *big.Int
			}{{t.from, new(big.Int).Neg(t.value)}, {t.to, t.value}} {
				if !w.Address(side.address.Hex()) {
					continue
				}
				h := holding{token, l.Address, side.address}
				at, seen := index[h]
				if !seen {
					at = len(all)
					index[h], all = at, append(all, moved{holding: h})
				}
				all[at].add(txid, side.by)
			}
		}
	}
	return all
}

func (m *moved) add(txid string, by *big.Int) {
	if last := len(m.txs) - 1; last >= 0 && m.txs[last].txid == txid {
		m.txs[last].net.Add(m.txs[last].net, by)
		return
	}
	m.txs = append(m.txs, movement{txid, new(big.Int).Set(by)})
}

// settle decides what of the logs is booked, given by how much the balance grew in the
// block; nil if the contract does not say.
//
// Balances are what payments are made from, so books follow them, and logs say only
// which transaction it was. If both agree, each transaction is booked as its logs say.
// If a single one brought less than it logs, the token keeps a part, and the rest is
// booked. Of anything else nothing is credited, and a person has to look. What logs say
// has left us is booked even so: without a payment of ours, that is a reason to stop.
func (m moved) settle(grown *big.Int, b *chain.Block) {
	changed, sum := m.changed()
	doubtful := false
	switch {
	case grown != nil && grown.Cmp(sum) == 0:
	case grown != nil && len(changed) == 1 && grown.Sign() == sum.Sign() && (sum.Sign() < 0 || grown.Cmp(sum) < 0):
		changed[0].net, doubtful = grown, sum.Sign() < 0
	default:
		doubtful = true
		changed = slices.DeleteFunc(changed, func(tx movement) bool { return tx.net.Sign() > 0 })
	}
	for _, tx := range changed {
		if err := m.book(tx, b); err != nil {
			doubtful = true
		}
	}
	if doubtful {
		b.Doubts = append(b.Doubts, m.doubt(sum, grown))
	}
}

// changed are the transactions after which the holding is another, and their sum.
func (m moved) changed() ([]movement, *big.Int) {
	var changed []movement
	sum := new(big.Int)
	for _, tx := range m.txs {
		if tx.net.Sign() != 0 {
			sum.Add(sum, tx.net)
			changed = append(changed, tx)
		}
	}
	return changed, sum
}

// book makes a movement a credit or a debit. One beyond 256 bits is none.
func (m moved) book(tx movement, b *chain.Block) error {
	units, err := asset.UnitsFromBig(new(big.Int).Abs(tx.net))
	if err != nil {
		return fmt.Errorf("%s of transaction %s: %w", m.token, tx.txid, err)
	}
	if tx.net.Sign() > 0 {
		b.Credits = append(b.Credits, chain.Credit{TxID: tx.txid, Asset: m.token, Address: m.address.Hex(), Units: units, Source: chain.Token})
	} else {
		b.Debits = append(b.Debits, chain.Debit{TxID: tx.txid, Asset: m.token, Address: m.address.Hex(), Units: units})
	}
	return nil
}

// doubtTxIDs bounds the transactions that a doubt names.
const doubtTxIDs = 10

func (m moved) doubt(sum, grown *big.Int) chain.Doubt {
	d := chain.Doubt{Asset: m.token, Address: m.address.Hex(), Logged: sum.String()}
	for _, tx := range m.txs[:min(len(m.txs), doubtTxIDs)] {
		d.TxIDs = append(d.TxIDs, tx.txid)
	}
	if grown != nil {
		d.Found = grown.String()
	}
	return d
}
