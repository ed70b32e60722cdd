package utxotest

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

const (
	// usualFee is what strangers pay.
	usualFee = 2000
	// leastChange is what a stranger's change is worth at least, above every node's dust.
	leastChange = 6000
	// replaceable signals BIP125, as wallets do.
	replaceable = 0xfffffffd
	// forkID is Bitcoin Cash's hash type: all inputs and outputs, replay-protected.
	forkID = 0x41
)

// Spend makes a signed transaction of the next reward; the rest goes to the miner.
func (n *Node) Spend(t testing.TB, outputs ...*wire.TxOut) *wire.MsgTx {
	t.Helper()
	reward := n.Reward(t, n.reward)
	n.reward++
	at := wire.OutPoint{Hash: reward.TxHash()}
	n.outputs[at] = reward.TxOut[0]
	return n.From(t, at, usualFee, outputs...)
}

// From makes a signed transaction of an output of a stranger's, at a fee.
func (n *Node) From(t testing.TB, at wire.OutPoint, fee int64, outputs ...*wire.TxOut) *wire.MsgTx {
	t.Helper()
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: at, Sequence: replaceable})
	rest := n.outputs[at].Value - fee
	for _, out := range outputs {
		tx.AddTxOut(out)
		rest -= out.Value
	}
	if rest > leastChange {
		tx.AddTxOut(wire.NewTxOut(rest, n.Miner.Script))
	}
	n.SignAll(t, tx, n.outputs[at])
	n.Remember(tx)
	return tx
}

// Remember keeps a transaction's outputs, which From can spend then.
func (n *Node) Remember(tx *wire.MsgTx) {
	for i, out := range tx.TxOut {
		n.outputs[wire.OutPoint{Hash: tx.TxHash(), Index: uint32(i)}] = out
	}
}

// SignAll signs every input, given the outputs that they spend.
func (n *Node) SignAll(t testing.TB, tx *wire.MsgTx, spent ...*wire.TxOut) {
	t.Helper()
	if len(spent) != len(tx.TxIn) {
		t.Fatalf("%d outputs for %d inputs", len(spent), len(tx.TxIn))
	}
	outputs := map[wire.OutPoint]*wire.TxOut{}
	for i, out := range spent {
		outputs[tx.TxIn[i].PreviousOutPoint] = out
	}
	hashes := txscript.NewTxSigHashes(tx, txscript.NewMultiPrevOutFetcher(outputs))
	for i, out := range spent {
		n.signInput(t, tx, i, out, hashes)
	}
}

func (n *Node) signInput(t testing.TB, tx *wire.MsgTx, i int, out *wire.TxOut, hashes *txscript.TxSigHashes) {
	t.Helper()
	key := n.owner(t, out.PkScript)
	var err error
	switch {
	case n.Chain == asset.BitcoinCash:
		digest, err := txscript.CalcWitnessSigHash(out.PkScript, hashes, forkID, tx, i, out.Value)
		must(t, err)
		signature := append(ecdsa.Sign(key.Private, digest).Serialize(), forkID)
		tx.TxIn[i].SignatureScript, err = txscript.NewScriptBuilder().AddData(signature).AddData(key.Public()).Script()
		must(t, err)
	case txscript.IsPayToPubKeyHash(out.PkScript):
		tx.TxIn[i].SignatureScript, err = txscript.SignatureScript(tx, i, out.PkScript, txscript.SigHashAll, key.Private, true)
		must(t, err)
	default:
		tx.TxIn[i].Witness, err = txscript.WitnessSignature(tx, hashes, i, out.Value, out.PkScript, txscript.SigHashAll, key.Private, true)
		must(t, err)
	}
}

// SignAgain signs the only input of a transaction of Bitcoin Cash once more, with
// another nonce than SignAll: another signature of the same key.
func (n *Node) SignAgain(t testing.TB, tx *wire.MsgTx, spent *wire.TxOut) []byte {
	t.Helper()
	hashes := txscript.NewTxSigHashes(tx, txscript.NewCannedPrevOutputFetcher(spent.PkScript, spent.Value))
	digest, err := txscript.CalcWitnessSigHash(spent.PkScript, hashes, forkID, tx, 0, spent.Value)
	must(t, err)
	var e, k btcec.ModNScalar
	e.SetByteSlice(digest)
	k.SetByteSlice(chainhash.HashB(append([]byte("another nonce"), digest...)))
	var point btcec.JacobianPoint
	btcec.ScalarBaseMultNonConst(&k, &point)
	point.ToAffine()
	var r, s btcec.ModNScalar
	x := point.X.Bytes()
	r.SetByteSlice(x[:])
	s.Mul2(&n.owner(t, spent.PkScript).Private.Key, &r).Add(&e).Mul(k.InverseNonConst())
	if s.IsOverHalfOrder() {
		s.Negate()
	}
	return append(ecdsa.NewSignature(&r, &s).Serialize(), forkID)
}

// owner is whose a script is: a key's own, or the older form of the first one's.
func (n *Node) owner(t testing.TB, script []byte) Key {
	t.Helper()
	for _, k := range n.keys {
		if bytes.Equal(k.Script, script) {
			return k
		}
	}
	if txscript.IsPayToPubKeyHash(script) {
		return n.keys[0]
	}
	t.Fatalf("no key for the script %x", script)
	return Key{}
}

// Send hands a transaction in, and returns its id.
func (n *Node) Send(t testing.TB, tx *wire.MsgTx) string {
	t.Helper()
	var txid string
	n.Call(t, &txid, "sendrawtransaction", hex.EncodeToString(Bytes(t, tx)))
	if txid != tx.TxHash().String() {
		t.Fatalf("the node calls %s %s", tx.TxHash(), txid)
	}
	return txid
}

// Pay has a stranger pay an address, into the mempool. It returns the txid.
func (n *Node) Pay(t testing.TB, address string, units asset.Units) string {
	t.Helper()
	return n.Send(t, n.Spend(t, n.To(t, address, units)))
}

// Hex is what hexadecimal text stands for.
func Hex(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	must(t, err)
	return raw
}

// Bytes is a transaction in wire form.
func Bytes(t testing.TB, tx *wire.MsgTx) []byte {
	t.Helper()
	var raw bytes.Buffer
	must(t, tx.Serialize(&raw))
	return raw.Bytes()
}

// Unsigned reads a plan's transaction.
func Unsigned(p chain.Plan, tx *wire.MsgTx) error {
	return tx.DeserializeNoWitness(bytes.NewReader(p.Unsigned))
}
