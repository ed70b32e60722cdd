package utxo

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// readBlock decodes a block, checks that it is the one asked for, and matches it.
func (a *Adapter) readBlock(raw []byte, ref chain.Ref, w chain.Watch) (chain.Block, error) {
	b, txids, err := a.verified(raw, ref)
	if err != nil {
		return chain.Block{}, err
	}
	a.rememberRate(ref, b)
	return a.Match(b, txids, ref, w), nil
}

// verified is a block that is the one asked for, with the ids of its transactions.
func (a *Adapter) verified(raw []byte, ref chain.Ref) (*Block, []chainhash.Hash, error) {
	b, err := a.rules.DecodeBlock(raw)
	if err != nil {
		return nil, nil, err
	}
	if got := b.Header.BlockHash().String(); got != ref.Hash {
		return nil, nil, fmt.Errorf("the node sent block %s instead", got)
	}
	txids, err := verifyBody(b)
	return b, txids, err
}

// Match finds what in a decoded block is ours. Most that is not is passed over by a
// sieve, if w is one.
func (a *Adapter) Match(b *Block, txids []chainhash.Hash, ref chain.Ref, w chain.Watch) chain.Block {
	out := chain.Block{Ref: ref, Parent: b.Header.PrevBlock.String(), Time: b.Header.Timestamp.UTC()}
	sieve, sieves := w.(chain.Sieve)
	fresh := map[wire.OutPoint]bool{} // credited in this block, so not yet known to w
	for i, tx := range b.Transactions {
		a.quarantine(tx, &txids[i], ref, w)
		paid := a.paymentsTo(tx, sieve)
		if len(paid) == 0 {
			continue
		}
		for _, c := range a.credits(paid, txids[i].String(), w) {
			c.Coinbase = i == 0 || i == b.PegOuts
			fresh[wire.OutPoint{Hash: txids[i], Index: c.Index}] = true
			out.Credits = append(out.Credits, c)
		}
	}
	// All credits come first: Bitcoin Cash sorts a block by txid, so what spends a coin
	// may stand before what makes it.
	for i, tx := range b.Transactions[min(1, len(b.Transactions)):] {
		for _, in := range tx.TxIn {
			from := &in.PreviousOutPoint
			mine := len(fresh) > 0 && fresh[*from]
			if !mine && sieves && !sieve.Outpoint((*[32]byte)(&from.Hash), from.Index) {
				continue
			}
			if id := chain.CoinID(from.Hash.String(), from.Index); mine || w.Coin(id) {
				out.Debits = append(out.Debits, chain.Debit{TxID: txids[i+1].String(), Asset: a.native, CoinID: id})
			}
		}
	}
	return out
}

// quarantine tells of outputs to us that carry tokens.
func (a *Adapter) quarantine(tx *wire.MsgTx, txid *chainhash.Hash, at chain.Ref, w chain.Watch) {
	if a.rules.Carried == nil {
		return
	}
	for i, out := range tx.TxOut {
		beneath, carries := a.rules.Carried(out.PkScript)
		if !carries || out.Value < 0 {
			continue
		}
		if address, ok := a.rules.Address(beneath); ok && w.Address(address) {
			a.cfg.Quarantined(Quarantined{Block: at, TxID: txid.String(), Index: uint32(i), Address: address, Units: asset.NewUnits(uint64(out.Value))})
		}
	}
}

// verifyBody checks that the transactions are the ones the header commits to,
// and returns their ids.
func verifyBody(b *Block) ([]chainhash.Hash, error) {
	if len(b.Transactions) == 0 {
		return nil, errors.New("the block is empty")
	}
	for i, tx := range b.Transactions {
		if isCoinbase(tx) != (i == 0) {
			return nil, fmt.Errorf("transaction %d: only the first is a coinbase", i)
		}
	}
	txids := make([]chainhash.Hash, len(b.Transactions))
	for i, tx := range b.Transactions {
		txids[i] = tx.TxHash()
	}
	// Consensus forbids it, since the second would spend what the first has spent;
	// the root does not always show it, and each of its outputs would count twice.
	there := make(map[chainhash.Hash]bool, len(txids))
	for _, id := range txids {
		if there[id] {
			return nil, fmt.Errorf("transaction %s is there twice", id)
		}
		there[id] = true
	}
	root, err := merkleRoot(txids)
	if err != nil {
		return nil, err
	}
	if root != b.Header.MerkleRoot {
		return nil, errors.New("the transactions do not match the header's Merkle root")
	}
	return txids, nil
}

// merkleRoot is Bitcoin's, and refuses lists whose end repeats: such a list has
// the same root as the one without the repetition (CVE-2012-2459).
func merkleRoot(txids []chainhash.Hash) (chainhash.Hash, error) {
	var level []byte
	for _, id := range txids {
		level = append(level, id[:]...)
	}
	const size = chainhash.HashSize
	for len(level) > size {
		var next []byte
		for i := 0; i < len(level); i += 2 * size {
			left, right := level[i:i+size], level[i:i+size]
			if i+size < len(level) {
				right = level[i+size : i+2*size]
				if bytes.Equal(left, right) {
					return chainhash.Hash{}, errors.New("the list of transactions repeats itself")
				}
			}
			sum := chainhash.DoubleHashB(append(bytes.Clone(left), right...))
			next = append(next, sum...)
		}
		level = next
	}
	return chainhash.Hash(level), nil
}

func isCoinbase(tx *wire.MsgTx) bool {
	return len(tx.TxIn) == 1 && tx.TxIn[0].PreviousOutPoint == wire.OutPoint{Index: wire.MaxPrevOutIndex}
}

// payment is an output that pays an address.
type payment struct {
	index   uint32
	address string
	sat     uint64
}

// payments are the outputs of a transaction that pay an address, whoever's. One of
// nothing is valid and pays nobody: no book could hold it.
func (a *Adapter) payments(tx *wire.MsgTx) []payment { return a.paymentsTo(tx, nil) }

// paymentsTo are those that a sieve lets through; nil is none.
func (a *Adapter) paymentsTo(tx *wire.MsgTx, sieve chain.Sieve) []payment {
	var found []payment
	for i, out := range tx.TxOut {
		if sieve != nil && !sieve.Script(out.PkScript) {
			continue
		}
		if address, ok := a.rules.Address(out.PkScript); ok && out.Value > 0 {
			found = append(found, payment{uint32(i), address, uint64(out.Value)})
		}
	}
	return found
}

func (a *Adapter) credits(paid []payment, txid string, w chain.Watch) []chain.Credit {
	var found []chain.Credit
	for _, p := range paid {
		if w.Address(p.address) {
			found = append(found, chain.Credit{
				TxID: txid, Index: p.index, Address: p.address, Asset: a.native, Units: asset.NewUnits(p.sat),
			})
		}
	}
	return found
}
