package chaincases_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

// F3. Setup: an address of ours, whose public key a sender knows.
// Test: one transaction pays everything that the key can spend and that is not the
// address: bare keys, bare multisig alone and with another, the key's older
// addresses, and the address's script with a byte more.
func TestF3BareKeys(t *testing.T) {
	t.Parallel()
	n := newBtcd(t)
	w := newWorld(t, n)
	w.plays("F3", "bare multisig, bare keys, other forms of our key", "ignored: no deposit, nothing credited")
	ours, swapID := w.issue()
	key := n.keys[ours]
	var outputs []*wire.TxOut
	for _, script := range otherForms(t, key, n.miner) {
		outputs = append(outputs, wire.NewTxOut(100_000, script))
	}
	tx := n.spend(t, outputs...)
	n.mineBlock(t, n.miner.script, tx) // nodes relay no such transaction
	w.look()
	w.mine(needed)
	w.wantDeposits("0")
	w.wantCredit(swapID, asset.Units{})
	// The node relays these two, so the mempool is looked at as well.
	relayed := n.spend(t, outputs[0], outputs[3])
	n.send(t, relayed)
	w.look()
	w.wantDeposits("0")
	w.mine(needed)
	w.wantDeposits("0")
	w.wantBooks()
}

// otherForms are scripts that name our key without being our address's.
func otherForms(t *testing.T, ours, other key) [][]byte {
	t.Helper()
	public := func(raw []byte) *address.AddressPubKey {
		a, err := address.NewAddressPubKey(raw, params)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	multisig := func(required int, keys ...*address.AddressPubKey) []byte {
		script, err := txscript.MultiSigScript(keys, required)
		if err != nil {
			t.Fatal(err)
		}
		return script
	}
	a, b := public(ours.public()), public(other.public())
	nested, err := address.NewAddressScriptHash(ours.script, params)
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{
		scriptFor(t, a), scriptFor(t, public(ours.private.PubKey().SerializeUncompressed())),
		multisig(1, a), multisig(1, a, b), multisig(2, a, b),
		scriptFor(t, a.AddressPubKeyHash()), scriptFor(t, nested),
		append(bytes.Clone(ours.script), txscript.OP_NOP),
		slices.Concat([]byte{txscript.OP_0, txscript.OP_PUSHDATA1, 20}, ours.script[2:]),
	}
}

// F4. Setup: a swap's address. Test: one transaction pays it with two outputs which
// together are the amount, and another with one that is none of ours between.
func TestF4TwoOutputs(t *testing.T) {
	t.Parallel()
	n := newBtcd(t)
	w := newWorld(t, n)
	w.plays("F4", "two outputs to us in one transaction", "two deposits, each credited once by its output")
	ours, swapID := w.issue()
	first, second := asset.NewUnits(300_000), asset.NewUnits(700_000)
	txid := n.send(t, n.spend(t, n.to(ours, first), wire.NewTxOut(5000, n.miner.script), n.to(ours, second)))
	w.look()
	w.wantDeposits("2")
	w.mine(needed)
	w.wantState(w.id(txid, 0), "confirmed")
	w.wantState(w.id(txid, 2), "confirmed")
	w.wantDeposits("2")
	w.wantCredit(swapID, w.usual())
	w.wantBooks()
}

// F7. Setup: a swap that waits for its deposit.
// Test: advertisers send it less than the threshold, the least that a node relays,
// one unit and, where outputs can have none, nothing. Then the deposit comes.
func TestF7Dust(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		w.plays("F7", "dust of several sizes, then the deposit", "dust recorded and quarantined; the swap has its deposit")
		ours, swapID := w.issue()
		dust := []asset.Units{asset.NewUnits(1), asset.NewUnits(dustThreshold - 1)}
		if n, ok := w.node.(*btcd); ok {
			// Below its dust limit the node relays nothing; a miner may take it all the same.
			n.mineBlock(w.T, n.miner.script, n.spend(w.T, n.to(ours, dust[0]), n.to(ours, asset.Units{}), n.to(ours, dust[1])))
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

// F8. Setup: a swap's address.
// Test: transactions that pay it something and carry another asset's payload: Omni's
// by OP_RETURN (a send of 1 USDT), and Omni's older form with a bare multisig.
func TestF8Payload(t *testing.T) {
	t.Parallel()
	n := newBtcd(t)
	w := newWorld(t, n)
	w.plays("F8", "an Omni payload beside a payment to us", "the bitcoins credited, and nothing of the payload")
	ours, swapID := w.issue()
	omni := wire.NewTxOut(0, raw(t, "6a146f6d6e69000000000000001f0000000005f5e100"))
	carrier := n.spend(t, omni, n.to(ours, asset.NewUnits(546)))
	txid := n.send(t, carrier)
	w.look()
	w.wantDeposits("1")
	classB, err := txscript.MultiSigScript([]*address.AddressPubKey{mustKey(t, n.miner.public()), mustKey(t, append([]byte{2}, n.miner.public()[1:]...))}, 1)
	if err != nil {
		t.Fatal(err)
	}
	second := n.send(t, n.spend(t, wire.NewTxOut(6000, classB), n.to(ours, w.usual())))
	w.mine(needed)
	w.wantDeposits("2")
	w.wantState(w.id(txid, 1), "confirmed")
	w.wantState(w.id(second, 1), "confirmed")
	w.wantCredit(swapID, asset.NewUnits(1_000_546))
	if got := w.text(w.swapPool, `SELECT string_agg(DISTINCT asset, ' ') FROM posting`); got != "BTC ETH" { // ETH is the payout owed
		t.Fatalf("posted in %s", got)
	}
	w.wantBooks()
}

func mustKey(t *testing.T, public []byte) *address.AddressPubKey {
	t.Helper()
	a, err := address.NewAddressPubKey(public, params)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
