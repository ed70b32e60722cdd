package chaincases_test

import (
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
	n := newBtcd(t)
	w := newWorld(t, n)
	w.plays("F5", "the witness malleated: same txid, other wtxid", "the same deposit; credited once")
	ours, swapID := w.issue()
	tx := n.spend(t, n.to(ours, w.usual()))
	txid := n.send(t, tx)
	w.look()
	w.wantState(w.id(txid, 0), "seen")
	other := tx.Copy()
	other.TxIn[0].Witness[0] = flip(t, other.TxIn[0].Witness[0])
	if other.TxHash() != tx.TxHash() || other.WitnessHash() == tx.WitnessHash() {
		t.Fatal("the witness was not malleated")
	}
	n.mineBlock(t, n.miner.script, other)
	w.look()
	w.wantDeposits("1")
	w.mine(needed)
	w.wantState(w.id(txid, 0), "confirmed")
	w.wantDeposits("1")
	w.wantCredit(swapID, w.usual())
	w.wantBooks()
}

// F5. Setup: a deposit without a witness is in the mempool and shown.
// Test: a miner takes it with another, equally valid signature: another txid.
func TestF5MalleatedTxID(t *testing.T) {
	t.Parallel()
	n := newBtcd(t)
	w := newWorld(t, n)
	w.plays("F5", "a legacy input malleated: another txid", "the first withdrawn, the second credited; one credit")
	ours, swapID := w.issue()
	legacy, err := address.NewAddressPubKeyHash(address.Hash160(n.miner.public()), params)
	if err != nil {
		t.Fatal(err)
	}
	source := n.spend(t, wire.NewTxOut(2_000_000, scriptFor(t, legacy)))
	n.send(t, source)
	w.mine(1)
	at := wire.OutPoint{Hash: source.TxHash()}
	n.spent[at] = source.TxOut[0]
	tx := n.from(t, at, 2000, n.to(ours, w.usual()))
	first := n.send(t, tx)
	w.look()
	w.wantState(w.id(first, 0), "seen")
	other := tx.Copy()
	pushes, err := txscript.PushedData(other.TxIn[0].SignatureScript)
	if err != nil {
		t.Fatal(err)
	}
	if other.TxIn[0].SignatureScript, err = txscript.NewScriptBuilder().AddData(flip(t, pushes[0])).AddData(pushes[1]).Script(); err != nil {
		t.Fatal(err)
	}
	second := other.TxHash().String()
	n.mineBlock(t, n.miner.script, other)
	w.look()
	w.look()
	w.mine(needed)
	w.wantState(w.id(first, 0), "replaced")
	w.wantState(w.id(second, 0), "confirmed")
	w.wantCredit(swapID, w.usual())
	w.wantBooks()
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

// F6. Setup: an ordinary deposit, and beside it a miner's reward to a swap's address.
// Test: the reward counts when it can be spent and not one block before; a second
// one whose block is taken back never does.
func TestF6Reward(t *testing.T) {
	t.Parallel()
	const maturity = 100
	n := newBtcd(t)
	w := newWorld(t, n)
	w.plays("F6", "a miner's reward to us", "held for 100 blocks, then credited once")
	ours, swapID := w.issue()
	plain, plainID := w.issue()
	n.pay(t, plain, w.usual())
	reward := n.mineBlock(t, n.keys[ours].script)
	w.look()
	w.mine(maturity - 2)
	w.wantState(w.id(reward, 0), "in_block")
	w.wantCredit(swapID, asset.Units{})
	w.wantCredit(plainID, w.usual())
	facts := w.facts(swapID)
	if f := facts[len(facts)-1].Deposit; f.Needed != maturity || f.Confirmations != maturity-1 {
		t.Fatalf("%d of %d confirmations", f.Confirmations, f.Needed)
	}
	w.mine(1)
	w.wantState(w.id(reward, 0), "confirmed")
	w.wantCredit(swapID, asset.NewUnits(subsidy))
	w.wantBooks()

	lost := n.mineBlock(t, n.keys[ours].script)
	w.look()
	w.wantState(w.id(lost, 0), "in_block")
	n.reorg(t, 1, true)
	w.look()
	w.wantState(w.id(lost, 0), "reorged")
	w.wantCredit(swapID, asset.NewUnits(subsidy))
	w.wantBooks()
}
