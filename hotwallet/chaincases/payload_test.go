package chaincases_test

import (
	"slices"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/chaintest/utxotest"
	"ferry/swap"
	"ferry/swap/asset"
)

// F8. Setup: a swap's address.
// Test: transactions that pay it something and carry another asset's payload: Omni's
// by OP_RETURN (a send of 1 USDT), and Omni's older form with a bare multisig.
func TestF8Payload(t *testing.T) {
	t.Parallel()
	eachUTXO(t, func(w *world, n *utxoNode) {
		w.plays("F8", "an Omni payload beside a payment to us", "the coins credited, and nothing of the payload")
		ours, swapID := w.issue()
		small := n.reader.MinOutput()
		omni := wire.NewTxOut(0, utxotest.Hex(w.T, "6a146f6d6e69000000000000001f0000000005f5e100"))
		txid := n.Send(w.T, n.Spend(w.T, omni, n.To(w.T, ours, small)))
		w.look()
		w.wantDeposits("1")
		classB, err := txscript.MultiSigScript([]*address.AddressPubKey{publicKey(w.T, n.Kind, n.Miner.Public()),
			publicKey(w.T, n.Kind, append([]byte{2}, n.Miner.Public()[1:]...))}, 1)
		w.must(err)
		second := n.Send(w.T, n.Spend(w.T, wire.NewTxOut(8000, classB), n.To(w.T, ours, w.usual())))
		w.mine(needed)
		w.wantDeposits("2")
		w.wantState(w.id(txid, 1), "confirmed")
		w.wantState(w.id(second, 1), "confirmed")
		both, err := small.Add(w.usual())
		w.must(err)
		w.wantCredit(swapID, both)
		wantAssets(w)
		w.wantBooks()
	})
}

// wantAssets: nothing was posted but the chain's own coin and ETH, the payout owed.
func wantAssets(w *world) {
	w.Helper()
	want := []string{string(w.chain.NativeID()), "ETH"}
	slices.Sort(want)
	if got := w.text(w.swapPool, `SELECT string_agg(DISTINCT asset, ' ' ORDER BY asset) FROM posting`); got != want[0]+" "+want[1] {
		w.Fatalf("posted in %s, want %v", got, want)
	}
}

// slpSend is an OP_RETURN of the Simple Ledger Protocol: 5 tokens of a category go
// to output 1.
const slpSend = "6a04534c500001010453454e4420" + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" + "080000000000000005"

// F8. Setup: a swap's address.
// Test: an SLP token is sent to it, on an output of 546 satoshis as wallets do; then
// the deposit comes.
func TestF8SLP(t *testing.T) {
	t.Parallel()
	n := newBchd(t)
	w := newWorld(t, n)
	w.plays("F8", "an SLP token on 546 satoshis", "recorded as dust, quarantined, never spent; the token is nothing")
	ours, swapID := w.issue()
	txid := n.Send(t, n.Spend(t, wire.NewTxOut(0, utxotest.Hex(t, slpSend)), n.To(t, ours, asset.NewUnits(546))))
	w.look()
	w.mine(needed)
	deposit := n.Pay(t, ours, w.usual())
	w.mine(needed)
	w.pass()
	w.wantDeposits("2")
	if verdicts := w.text(w.swapPool, `SELECT string_agg(units || ' ' || verdict, ', ' ORDER BY units) FROM deposit`); verdicts != "546 dust, 1000000 counted" {
		t.Fatalf("verdicts %q", verdicts)
	}
	if state := w.text(w.swapPool, `SELECT state FROM swap WHERE id = $1`, swapID); state != string(swap.DepositConfirmed) {
		t.Fatalf("the swap is %s", state)
	}
	w.wantBooks()
	// Neither if it would be needed, nor if an earlier attempt is said to have had it.
	token := chain.Coin{TxID: txid, Index: 1, Units: asset.NewUnits(546), Address: ours}
	plain := chain.Coin{TxID: deposit, Units: w.usual(), Address: ours}
	request := chain.Pay(chain.Output{Destination: n.Miner.Address, Asset: asset.BCH, Units: asset.NewUnits(990_000)}, w.usual())
	p, err := n.reader.Plan(t.Context(), chain.Funds{Coins: []chain.Coin{token, plain}, ChangeAddress: ours}, request)
	if err != nil || len(p.Coins) != 1 || p.Coins[0].TxID != deposit {
		t.Fatalf("plan of %+v, %v", p.Coins, err)
	}
	request.Outputs[0].Units = w.usual()
	for _, f := range []chain.Funds{
		{Coins: []chain.Coin{token, plain}, ChangeAddress: ours}, {Must: []chain.Coin{token}, Coins: []chain.Coin{plain}, ChangeAddress: ours},
	} {
		if p, err := n.reader.Plan(t.Context(), f, request); err == nil {
			t.Errorf("plan of %+v", p.Coins)
		}
	}
}

// F8. Setup: a swap's address.
// Test: outputs with CashTokens beneath which is its script: fungible ones on 1000
// satoshis, an NFT on the swap's whole amount; and a prefix that is none.
func TestF8CashTokens(t *testing.T) {
	t.Parallel()
	n := newBchd(t)
	w := newWorld(t, n)
	w.plays("F8", "CashTokens on outputs to us", "no deposit, never spent; told of as quarantined")
	ours, swapID := w.issue()
	prefixed := func(sat int64, prefix string) *wire.TxOut {
		category := "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		return wire.NewTxOut(sat, append(utxotest.Hex(t, "ef"+category+prefix), n.Find(t, ours).Script...))
	}
	tx := n.Spend(t, prefixed(1000, "10fdfd00"), prefixed(1_000_000, "6002cccc"), prefixed(1_000_000, "9001"))
	n.MineBlock(t, n.Miner.Script, tx) // the node does not know CashTokens, and relays no such script
	w.look()
	w.mine(needed)
	w.wantDeposits("0")
	w.wantCredit(swapID, asset.Units{})
	if coins := w.text(w.pool, `SELECT count(*)::text FROM coin`); coins != "0" {
		t.Fatalf("%s coins", coins)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if q := n.quarantined; len(q) != 2 || q[0].Units != asset.NewUnits(1000) || q[1].Index != 1 || q[0].Address != ours || q[0].TxID != tx.TxHash().String() {
		t.Fatalf("told of %+v in quarantine", n.quarantined)
	}
	w.wantBooks()
}
