package bitcoincash

import (
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/utxo"
)

type onlyAddress string

func (w onlyAddress) Address(a string) bool { return a == string(w) }
func (onlyAddress) Coin(string) bool        { return false }

// Bitcoin Cash sorts a block's transactions by txid (CTOR, November 2018): a spend may
// stand before what it spends.
func TestASpendMayStandBeforeItsCoin(t *testing.T) {
	t.Parallel()
	a, err := New(utxo.Config{URL: "http://127.0.0.1:1", Networks: networks})
	if err != nil {
		t.Fatal(err)
	}
	r := adapterRules(t)
	script := scriptOf(t, r)
	ours, _ := r.Address(script)
	coinbase := wire.NewMsgTx(1)
	coinbase.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: wire.MaxPrevOutIndex}, []byte{1, 1}, nil))
	coinbase.AddTxOut(wire.NewTxOut(1, []byte{0x51}))
	parent := wire.NewMsgTx(2)
	parent.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chainhash.Hash{7}}, nil, nil))
	parent.AddTxOut(wire.NewTxOut(5000, script))
	id := parent.TxHash()
	child := wire.NewMsgTx(2)
	child.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: id}, nil, nil))
	child.AddTxOut(wire.NewTxOut(4000, []byte{0x51}))
	txs := []*wire.MsgTx{coinbase, child, parent}
	var ids []chainhash.Hash
	for _, tx := range txs {
		ids = append(ids, tx.TxHash())
	}
	b := a.Match(&utxo.Block{Transactions: txs}, ids, chain.Ref{}, onlyAddress(ours))
	if len(b.Credits) != 1 || len(b.Debits) != 1 {
		t.Fatalf("%d credits and %d debits, want one of each: the coin is recorded as unspent", len(b.Credits), len(b.Debits))
	}
}
