package chaincases_test

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
)

// F5. Setup: a deposit with a witness is in the mempool and shown.
// Test: a miner takes it with another, equally valid signature: the same txid with
// another wtxid.
func TestF5MalleatedWitness(t *testing.T) {
	t.Parallel()
	eachUTXO(t, func(w *world, n *utxoNode) {
		w.plays("F5", "the witness malleated: same txid, other wtxid", "the same deposit; credited once")
		ours, swapID := w.issue()
		tx := n.Spend(w.T, n.To(w.T, ours, w.usual()))
		txid := n.Send(w.T, tx)
		w.look()
		w.wantState(w.id(txid, 0), "seen")
		other := tx.Copy()
		other.TxIn[0].Witness[0] = flip(w.T, other.TxIn[0].Witness[0])
		if other.TxHash() != tx.TxHash() || other.WitnessHash() == tx.WitnessHash() {
			w.Fatal("the witness was not malleated")
		}
		n.MineBlock(w.T, n.Miner.Script, other)
		w.look()
		w.wantDeposits("1")
		w.mine(needed)
		w.wantState(w.id(txid, 0), "confirmed")
		w.wantDeposits("1")
		w.wantCredit(swapID, w.usual())
		w.wantBooks()
	}, "btcd", "litecoind")
}

// F5. Setup: a deposit without a witness is in the mempool and shown.
// Test: a miner takes it with another, equally valid signature: another txid. On
// Bitcoin Cash blocks with the other signature of the same nonce are not valid, so
// it is its signer's own, made with another nonce.
func TestF5MalleatedTxID(t *testing.T) {
	t.Parallel()
	eachUTXO(t, func(w *world, n *utxoNode) {
		w.plays("F5", "a legacy input malleated: another txid", "the first withdrawn, the second credited; one credit")
		ours, swapID := w.issue()
		source := n.Spend(w.T, wire.NewTxOut(2_000_000, n.Legacy(w.T, address.Hash160(n.Miner.Public()))))
		n.Send(w.T, source)
		w.mine(1)
		tx := n.From(w.T, wire.OutPoint{Hash: source.TxHash()}, 2000, n.To(w.T, ours, w.usual()))
		first := n.Send(w.T, tx)
		w.look()
		w.wantState(w.id(first, 0), "seen")
		other := n.malleate(w.T, tx, source.TxOut[0])
		second := other.TxHash().String()
		if second == first {
			w.Fatal("the transaction was not malleated")
		}
		n.MineBlock(w.T, n.Miner.Script, other)
		w.look()
		w.look()
		w.mine(needed)
		w.wantState(w.id(first, 0), "replaced")
		w.wantState(w.id(second, 0), "confirmed")
		w.wantCredit(swapID, w.usual())
		w.wantBooks()
	})
}

// malleate gives a transaction of one legacy input another signature.
func (n *utxoNode) malleate(t *testing.T, tx *wire.MsgTx, spent *wire.TxOut) *wire.MsgTx {
	t.Helper()
	other := tx.Copy()
	pushes, err := txscript.PushedData(other.TxIn[0].SignatureScript)
	if err != nil {
		t.Fatal(err)
	}
	signature := pushes[0]
	if n.Chain == asset.BitcoinCash {
		signature = n.SignAgain(t, tx, spent)
	} else {
		signature = flip(t, signature)
	}
	if bytes.Equal(signature, pushes[0]) {
		t.Fatal("the signature is the same")
	}
	if other.TxIn[0].SignatureScript, err = txscript.NewScriptBuilder().AddData(signature).AddData(pushes[1]).Script(); err != nil {
		t.Fatal(err)
	}
	return other
}

// flip gives the other signature of the same key and message: s becomes n-s. Nodes
// relay only the lower of the two; blocks may have either.
func flip(t *testing.T, signature []byte) []byte {
	t.Helper()
	// DER: 30 len 02 len r 02 len s, then the hash type.
	rEnd := 4 + int(signature[3])
	s := new(big.Int).SetBytes(signature[rEnd+2 : len(signature)-1])
	s.Sub(btcec.S256().N, s)
	high := s.Bytes()
	if high[0]&0x80 != 0 {
		high = append([]byte{0}, high...)
	}
	out := append([]byte{0x30, 0}, signature[2:rEnd]...)
	out = append(out, 0x02, byte(len(high)))
	out = append(out, high...)
	out[1] = byte(len(out) - 2)
	return append(out, signature[len(signature)-1])
}
