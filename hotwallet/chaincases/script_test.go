package chaincases_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain/chaintest/utxotest"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

// F3. Setup: an address of ours, whose public key a sender knows.
// Test: one transaction pays everything that the key can spend and that is not the
// address: bare keys, bare multisig alone and with another, the key's other
// addresses, and the address's script with a byte more.
func TestF3BareKeys(t *testing.T) {
	t.Parallel()
	eachUTXO(t, func(w *world, n *utxoNode) {
		w.plays("F3", "bare multisig, bare keys, other forms of our key", "ignored: no deposit, nothing credited")
		ours, swapID := w.issue()
		key := n.Find(w.T, ours)
		var outputs []*wire.TxOut
		for _, script := range otherForms(w.T, n.Kind, key, n.Miner) {
			outputs = append(outputs, wire.NewTxOut(100_000, script))
		}
		tx := n.Spend(w.T, outputs...)
		n.MineBlock(w.T, n.Miner.Script, tx) // nodes relay no such transaction
		w.look()
		w.mine(needed)
		w.wantDeposits("0")
		w.wantCredit(swapID, asset.Units{})
		// The node relays these two, so the mempool is looked at as well.
		relayed := n.Spend(w.T, outputs[0], outputs[3])
		n.Send(w.T, relayed)
		w.look()
		w.wantDeposits("0")
		w.mine(needed)
		w.wantDeposits("0")
		w.wantBooks()
	})
}

// otherForms are scripts that name our key without being our address's.
func otherForms(t *testing.T, k utxotest.Kind, ours, other utxotest.Key) [][]byte {
	t.Helper()
	a, b := publicKey(t, k, ours.Public()), publicKey(t, k, other.Public())
	multisig := func(required int, keys ...*address.AddressPubKey) []byte {
		script, err := txscript.MultiSigScript(keys, required)
		if err != nil {
			t.Fatal(err)
		}
		return script
	}
	nested, err := address.NewAddressScriptHash(ours.Script, k.Params)
	if err != nil {
		t.Fatal(err)
	}
	hash := address.Hash160(ours.Public())
	forms := [][]byte{
		utxotest.ScriptFor(t, a), utxotest.ScriptFor(t, publicKey(t, k, ours.Private.PubKey().SerializeUncompressed())),
		multisig(1, a), multisig(1, a, b), multisig(2, a, b), utxotest.ScriptFor(t, nested),
		append(bytes.Clone(ours.Script), txscript.OP_NOP),
	}
	if k.Chain == asset.BitcoinCash { // ours is P2PKH; witness programs are anybody's there
		return append(forms, append([]byte{txscript.OP_0, 20}, hash...),
			slices.Concat(ours.Script[:2], []byte{txscript.OP_PUSHDATA1}, ours.Script[2:]))
	}
	return append(forms, k.Legacy(t, hash), slices.Concat([]byte{txscript.OP_0, txscript.OP_PUSHDATA1, 20}, ours.Script[2:]))
}

func publicKey(t *testing.T, k utxotest.Kind, raw []byte) *address.AddressPubKey {
	t.Helper()
	a, err := address.NewAddressPubKey(raw, k.Params)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// F4. Setup: a swap's address. Test: one transaction pays it with two outputs which
// together are the amount, and another with one that is none of ours between.
func TestF4TwoOutputs(t *testing.T) {
	t.Parallel()
	eachUTXO(t, func(w *world, n *utxoNode) {
		w.plays("F4", "two outputs to us in one transaction", "two deposits, each credited once by its output")
		ours, swapID := w.issue()
		first, second := asset.NewUnits(300_000), asset.NewUnits(700_000)
		txid := n.Send(w.T, n.Spend(w.T, n.To(w.T, ours, first), wire.NewTxOut(6000, n.Miner.Script), n.To(w.T, ours, second)))
		w.look()
		w.wantDeposits("2")
		w.mine(needed)
		w.wantState(w.id(txid, 0), "confirmed")
		w.wantState(w.id(txid, 2), "confirmed")
		w.wantDeposits("2")
		w.wantCredit(swapID, w.usual())
		w.wantBooks()
	})
}

// F7. Setup: a swap that waits for its deposit.
// Test: advertisers send it less than the threshold, the least that a node relays,
// one unit and, where outputs can have none, nothing. Then the deposit comes.
func TestF7Dust(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.plays("F7", "dust of several sizes, then the deposit", "dust recorded and quarantined; the swap has its deposit")
		ours, swapID := w.issue()
		dust := []asset.Units{asset.NewUnits(1), asset.NewUnits(dustThreshold - 1)}
		if n, ok := w.node.(*utxoNode); ok {
			// Below its dust limit the node relays nothing; a miner may take it all the same.
			n.MineBlock(w.T, n.Miner.Script, n.Spend(w.T, n.To(w.T, ours, dust[0]), n.To(w.T, ours, asset.Units{}), n.To(w.T, ours, dust[1])))
			w.look()
		} else {
			w.node.pay(w.T, ours, dust[0])
			w.node.pay(w.T, ours, dust[1])
			w.mine(1)
		}
		w.mine(needed - 1)
		w.wantDeposits("2")
		w.node.pay(w.T, ours, w.usual())
		w.mine(needed)
		w.pass()
		for _, f := range w.facts(swapID) {
			if f.Deposit.DustThreshold != asset.NewUnits(dustThreshold) {
				w.Fatalf("the threshold told is %s", f.Deposit.DustThreshold)
			}
		}
		quarantined := w.text(w.swapPool, `SELECT coalesce(sum(units), 0)::text FROM posting WHERE account = $1`, string(ledger.DustQuarantine))
		verdicts := w.text(w.swapPool, `SELECT string_agg(units || ' ' || verdict, ', ' ORDER BY units) FROM deposit`)
		if quarantined != "-5000" || verdicts != "1 dust, 4999 dust, "+w.usual().String()+" counted" {
			w.Fatalf("quarantined %s, verdicts %q", quarantined, verdicts)
		}
		if state := w.text(w.swapPool, `SELECT state FROM swap WHERE id = $1`, swapID); state != string(swap.DepositConfirmed) {
			w.Fatalf("the swap is %s", state)
		}
		w.wantBooks()
	})
}
