package chaincases_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/chaintest/utxotest"
	"ferry/hotwallet/keys"
	"ferry/hotwallet/keys/keystest"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// F9. Setup: a swap of bitcoin cash, and an address that nobody was given.
// Test: a wallet converts both to the older form and pays bitcoin to it. The first is the
// swap's, touches nothing, and goes back by its own coin when its owner says yes; no other
// payment may take either.
func TestF9BitcoinForBitcoinCash(t *testing.T) {
	t.Parallel()
	w := newSiblings(t)
	w.plays("F9", "bitcoin paid to a Bitcoin Cash address' older form", "the swap's, wrong_asset; refunded by its key when its owner says yes")
	form, terms := w.lose()
	unknown, _ := keys.SiblingAddress(networks, asset.Bitcoin, w.derive().Address)
	own, err := w.store.OwnAddress(w.Context(), form)
	if w.must(err); !own {
		w.Fatal("a payout to the form would be taken")
	}
	sent := asset.NewUnits(700_000)
	txid := w.payScript(form, sent)
	stray := w.payScript(unknown, sent)
	w.look()
	w.wantState(w.id(txid, 0), "seen")
	w.mine(needed)
	w.pass()
	w.wantState(w.id(txid, 0), "confirmed")
	if got := w.kinds(terms.Receipt.SwapID); got != "seen in_block confirmed" {
		w.Fatalf("facts %s", got)
	}
	if got := w.text(w.pool, `SELECT purpose || ' ' || swap_id FROM deposit WHERE txid = $1`, stray); got != "unattributed " {
		w.Fatalf("what came to an address that nobody was given is %q", got)
	}
	w.wantVerdict(terms, w.id(txid, 0))
	w.wantBooks()
	for _, c := range w.funds().Coins {
		if c.TxID == txid || c.TxID == stray {
			w.Fatalf("a payout may take coin %s", c.ID())
		}
	}
	balances, err := w.store.Balances(w.Context())
	if w.must(err); balances[0].Available != asset.NewUnits(houseCoin) {
		w.Fatalf("%s are available, want the house's %d", balances[0].Available, houseCoin)
	}
	w.wantTied(terms, swap.OrderDeposit{ID: w.id(txid, 0), Amount: asset.Amount{Asset: asset.BTC, Units: sent}}, form)
	to := w.btcd.NewKey(t).Address
	w.agree(terms, w.id(txid, 0), sent, to)
	w.wantRefund(w.order(), txid, to, 700_000-refundFee)
	w.wantBooks()
}

// wantVerdict demands that a deposit waits for its owner, and that the swap waits for its
// own deposit as before.
func (w *siblings) wantVerdict(t swap.Terms, depositID string) {
	w.Helper()
	got := w.text(w.swapPool, `SELECT s.state || ' ' || d.verdict || ' ' || (d.body->'amount'->>'asset') FROM swap s JOIN deposit d ON d.swap_id = s.id
		WHERE s.id = $1 AND d.deposit_id = $2`, t.Receipt.SwapID, depositID)
	if got != "awaiting_deposit wrong_asset BTC" {
		w.Fatalf("swap and deposit are %q", got)
	}
}

// wantTied demands that a payout for the deposit, which nobody would order, could not
// take the deposit's coin.
func (w *siblings) wantTied(t swap.Terms, d swap.OrderDeposit, form string) {
	w.Helper()
	for _, sql := range []string{
		`INSERT INTO payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state)
			VALUES ('payout:other', 'bitcoin', $1, 'payout', 'BTC', 1, 'elsewhere', '{}', 'queued')`,
		`INSERT INTO payment_deposit (deposit_id, order_id, asset, units) SELECT deposit_id, 'payout:other', asset, units FROM deposit WHERE swap_id = $1`,
	} {
		_, err := w.pool.Exec(w.Context(), sql, t.Receipt.SwapID)
		w.must(err)
	}
	txid, _, _ := strings.Cut(strings.TrimPrefix(d.ID, "bitcoin:"), ":")
	other := payment.Payment{Order: swap.Order{ID: "payout:other", SwapID: t.Receipt.SwapID, Deposits: []swap.OrderDeposit{d}}, Version: 1}
	_, err := w.store.StorePlan(w.Context(), []payment.Payment{other}, chain.Plan{Coins: []chain.Coin{{TxID: txid, Units: d.Amount.Units, Address: form, Path: t.Receipt.DepositPath}}})
	if !errors.Is(err, payment.ErrChanged) || !strings.Contains(err.Error(), "0 of 1 coins") {
		w.Fatalf("a payout takes the coin: %v", err)
	}
	for _, table := range []string{"payment_deposit", "payment"} {
		_, err := w.pool.Exec(w.Context(), `DELETE FROM `+table+` WHERE order_id = 'payout:other'`)
		w.must(err)
	}
}

// wantRefund has the engine pay an order and demands what the chain has of it: the coin
// itself is spent, signed in its script, and its owner has exactly so much.
func (w *siblings) wantRefund(o swap.Order, coin, to string, sat int64) {
	w.Helper()
	w.must(w.engine.Round(w.Context()))
	var raw []byte
	w.must(w.pool.QueryRow(w.Context(), `SELECT coalesce(raw, '') FROM attempt WHERE batch_id = $1`, o.ID).Scan(&raw))
	var tx wire.MsgTx
	w.must(tx.Deserialize(bytes.NewReader(raw)))
	script, err := keys.Script(networks, asset.Bitcoin, to)
	w.must(err)
	if first := tx.TxIn[0]; first.PreviousOutPoint.Hash.String() != coin || len(first.SignatureScript) == 0 || len(tx.TxIn) != 2 || len(tx.TxIn[1].Witness) != 2 {
		w.Fatalf("the refund spends %v", tx.TxIn)
	}
	if out := tx.TxOut[0]; !bytes.Equal(out.PkScript, script) || out.Value != sat {
		w.Fatalf("the refund pays %d to %x", out.Value, out.PkScript)
	}
	w.mine(needed)
	if got := w.text(w.pool, `SELECT state || ' ' || txid FROM payment WHERE order_id = $1`, o.ID); got != "final "+tx.TxHash().String() {
		w.Fatalf("the refund is %s", got)
	}
}

// F9. Setup: a deposit address of ours on Bitcoin.
// Test: bitcoin cash goes to it. No wallet of that chain has a form of it: Bitcoin Cash has
// no witnesses. What a miner puts into a block under its script is nobody's to spend, and
// credited to nobody.
func TestF9BitcoinCashForBitcoin(t *testing.T) {
	t.Parallel()
	n := newBchd(t)
	w := newWorld(t, n)
	w.plays("F9", "bitcoin cash paid to a Bitcoin address", "no form of it to pay; under its bare script nothing is credited")
	k, err := keystest.Accounts(t, networks, 1).Derive(asset.Bitcoin, keys.Deposit, keys.External, 0)
	w.must(err)
	w.ours(w.node.newAddress(t), "pool", nil)
	_, err = w.pool.Exec(t.Context(), `INSERT INTO address (chain, role, branch, idx, path, address, state, swap_id, terms_hash)
		VALUES ('bitcoin', 0, 0, 0, $1, $2, 'issued', 'swap_of_bitcoin', 'terms')`, k.Path, k.Address)
	w.must(err)
	if err := n.reader.CheckDestination(t.Context(), k.Address); !errors.Is(err, asset.ErrAddressSyntax) {
		w.Fatalf("bitcoin's address as one of bitcoin cash: %v", err)
	}
	out := n.To(t, n.Miner.Address, w.usual())
	out.PkScript = k.Script
	tx := n.Spend(t, out)
	if err := n.Try(t, nil, "sendrawtransaction", hex.EncodeToString(utxotest.Bytes(t, tx))); err == nil || !strings.Contains(err.Error(), "standard") {
		w.Fatalf("the node relays it: %v", err)
	}
	n.MineBlock(t, n.Miner.Script, tx)
	w.look()
	w.mine(needed)
	w.wantDeposits("0")
	w.wantBooks()
}
