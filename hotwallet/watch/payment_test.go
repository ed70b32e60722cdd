package watch_test

import (
	"strings"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
)

func TestPaymentToFinal(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(1)
		p := w.pay(w.small())
		w.step()
		w.checkBooks() // while it is in flight
		w.mine(1)
		if got := w.paymentState(p); got != "confirmed" {
			t.Fatalf("in a block: %s", got)
		}
		w.checkBooks()
		w.mine(needed - 1)
		wantKinds(t, w, p.swapID, "payment.confirmed", "payment.final")
		final := w.facts(p.swapID)[1].Payment
		if final.TxID != p.txid || final.OrderID != p.order || final.Amount.Units != w.small() || final.Fee.IsZero() ||
			p.fee.Less(final.Fee) || final.Height == 0 || final.Purpose != swap.PurposePayout || final.Destination != p.destination {
			t.Fatalf("%+v", final)
		}
		for account, want := range map[string]string{"in_flight": "0", "payment_confirming": "0",
			"clearing": w.small().String(), "network_fees": final.Fee.String()} {
			if got := w.balance(account); got != want {
				t.Errorf("%s is %s, want %s", account, got, want)
			}
		}
		if n := w.text(`SELECT count(*)::text FROM deposit WHERE txid = $1`, p.txid); n != "0" {
			t.Errorf("%s deposits of our own change", n)
		}
		w.checkBooks()
	})
}

func TestPaymentThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakechain.NewEthereum(fakechain.Config{}))
	w.fund(1)
	p, _ := w.sign(w.small())
	w.chain.Fail(p.txid)
	w.broadcast(p)
	w.mine(1)
	w.checkBooks()
	w.mine(needed)
	wantKinds(t, w, p.swapID, "payment.failed")
	if got := w.paymentState(p); got != "failed" {
		t.Fatalf("payment %s", got)
	}
	failed := w.facts(p.swapID)[0].Payment
	for account, want := range map[string]string{"in_flight": "0", "payment_confirming": "0", "clearing": "0",
		"network_fees": failed.Fee.String()} {
		if got := w.balance(account); got != want {
			t.Errorf("%s is %s, want %s", account, got, want)
		}
	}
	w.checkBooks()
}

func TestPaymentIsReorgedOutAndBack(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(1)
		p := w.pay(w.small())
		w.mine(needed - 1)
		w.chain.Reorg(needed-1, fakechain.Return)
		w.chain.MineEmpty(needed)
		w.step()
		if got := w.paymentState(p); got != "broadcast" {
			t.Fatalf("out of its block: %s", got)
		}
		if got := w.balance("in_flight"); got == "0" {
			t.Fatal("its hold is gone")
		}
		w.checkBooks()
		w.mine(needed)
		wantKinds(t, w, p.swapID, "payment.confirmed", "payment.reorged", "payment.confirmed", "payment.final")
		w.checkBooks()
	})
}

// The coin it spends is watched again as soon as its block is taken back.
func TestPaymentMovesToAnotherBlock(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(1)
		p := w.pay(w.small())
		w.mine(1)
		w.chain.Reorg(1, fakechain.Return)
		w.chain.Mine(2)
		w.step()
		w.checkBooks()
		w.mine(1)
		wantKinds(t, w, p.swapID, "payment.confirmed", "payment.reorged", "payment.confirmed", "payment.final")
		w.checkBooks()
	})
}

// The process ended after the node took the payment and before that was stored.
func TestPaymentMinedBeforeItsBroadcastWasStored(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(1)
		p := w.pay(w.small())
		w.exec(`UPDATE payment SET state = 'signed'`)
		w.exec(`UPDATE batch SET state = 'signed'`)
		w.exec(`UPDATE attempt SET state = 'signed'`)
		w.mine(needed)
		wantKinds(t, w, p.swapID, "payment.broadcast", "payment.confirmed", "payment.final")
	})
}

func TestForeignSpendHalts(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(1)
		plan, err := w.chain.Plan(w.ctx, w.settledFunds(), chain.Pay(chain.Output{Destination: w.chain.NewAddress(), Asset: w.chain.Chain().NativeID(), Units: w.small()}, w.large()))
		if err != nil {
			t.Fatal(err)
		}
		raw, txid := fakechain.Sign(plan)
		w.broadcast(payout{raw: raw})
		w.mine(1)
		if !strings.Contains(w.halted(), txid) {
			t.Fatalf("halted: %q", w.halted())
		}
		if w.balance("suspense") == "0" {
			t.Fatal("nothing is in suspense")
		}
		w.checkBooks()
		// Deposits are watched all the same, and the spend can be reorganised away.
		w.chain.Reorg(1, fakechain.Drop)
		w.mine(2)
		if got := w.balance("suspense"); got != "0" {
			t.Fatalf("suspense is %s after the spend went", got)
		}
		w.checkBooks()
	})
}
