package payment_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// newWindowWorld has payments gathered for a minute.
func newWindowWorld(t testing.TB, on asset.Chain) *world {
	t.Helper()
	w := newWorld(t, on)
	w.window = time.Minute
	w.restart()
	return w
}

// round makes one round after a while.
func (w *world) round(after time.Duration) {
	w.t.Helper()
	w.clock.advance(after)
	w.must(w.engine.Round(context.Background()))
}

// payouts are orders of so many payments, delivered.
func (w *world) payouts(n int) (orders []swap.Order) {
	w.t.Helper()
	for i := range n {
		orders = append(orders, w.payout(w.some(uint64(10+i))))
	}
	w.deliver(orders...)
	return orders
}

// paidTogether checks that the orders are final, each with its exact amount, by so many
// transactions in all.
func (w *world) paidTogether(transactions int, orders ...swap.Order) {
	w.t.Helper()
	ids := map[string]bool{}
	for _, o := range orders {
		p := w.payment(o.ID)
		if p.State != swap.PaymentFinal || w.received(o) != o.Amount.Units {
			w.t.Fatalf("%s is %s (%s), received %s of %s", o.ID, p.State, p.Reason, w.received(o), o.Amount.Units)
		}
		ids[p.Attempt.TxID] = true
	}
	if len(ids) != transactions {
		w.t.Fatalf("%d transactions pay %d orders, want %d", len(ids), len(orders), transactions)
	}
	w.balanced()
}

func (w *world) finish() {
	w.t.Helper()
	for range 4 {
		w.round(10 * time.Minute)
		w.mine(confirmations + 1)
	}
}

// What comes within the window is paid by one transaction once it is over, and a payment
// that comes later begins another. Each payment bears its share of the fee.
func TestPaymentsOfAWindowAreOneTransaction(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, asset.Bitcoin)
	w.fund(w.some(1000), w.some(1000))
	orders := w.payouts(2)
	w.round(0)
	w.round(30 * time.Second)
	orders = append(orders, w.payouts(1)...)
	w.round(29 * time.Second)
	for _, o := range orders {
		if p := w.payment(o.ID); p.BatchID != "" {
			t.Fatalf("%s is planned within the window", o.ID)
		}
	}
	w.round(2 * time.Second)
	late := w.payouts(1)
	w.round(time.Second)
	if p := w.payment(late[0].ID); p.BatchID != "" {
		t.Fatal("what came after the window is planned without one of its own")
	}
	batch, err := w.store.Batch(t.Context(), w.payment(orders[0].ID).BatchID)
	w.must(err)
	if len(batch.Payments) != 3 || batch.State != swap.PaymentBroadcast {
		t.Fatalf("a batch of %d is %s", len(batch.Payments), batch.State)
	}
	w.finish()
	w.paidTogether(1, orders...)
	w.paidTogether(2, append(orders, late...)...)
	var told asset.Units
	for _, o := range orders {
		var text string
		w.must(w.pool.QueryRow(t.Context(), `SELECT body::jsonb #>> '{payment,fee}' FROM outbox
			WHERE kind = $1 AND body::jsonb #>> '{payment,order_id}' = $2`, swap.FactPaymentFinal, o.ID).Scan(&text))
		told, err = told.Add(units(text))
		w.must(err)
	}
	if fee := batch.Last().Plan.Fee; told != fee {
		t.Errorf("the payments were told fees of %s together, the transaction's is %s", told, fee)
	}
}

// Without a window, and on a chain whose transactions pay one, each is paid at once.
func TestNoWindowPaysEachAtOnce(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]*world{"no window": newWorld(t, asset.Bitcoin), "accounts": newWindowWorld(t, asset.Ethereum)} {
		w.fund(w.some(1000), w.some(1000))
		orders := w.payouts(2)
		w.round(0)
		for _, o := range orders {
			if p := w.payment(o.ID); p.State != swap.PaymentBroadcast || p.BatchID != o.ID {
				t.Errorf("%s: %s is %s in batch %q", name, o.ID, p.State, p.BatchID)
			}
		}
	}
}

// A payment that can't be attested, or that its documents do not allow, waits by itself with
// its reason; the others are paid without it.
func TestOneThatMustWaitIsLeftOut(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, asset.Bitcoin)
	w.fund(w.some(1000), w.some(1000))
	orders := w.payouts(4)
	w.attestor.refusesOnly(orders[1].ID, swap.Refuse(swap.CodeRefused, "depth", "", "Not deep enough."))
	_, err := w.pool.Exec(t.Context(), `UPDATE payment SET body = jsonb_set(body, '{destination}', '"elsewhere"') WHERE order_id = $1`, orders[2].ID)
	w.must(err)
	w.round(0)
	w.round(2 * time.Minute)
	for i, reason := range map[int]string{1: payment.ReasonUnattested, 2: payment.ReasonAuthority} {
		if p := w.payment(orders[i].ID); p.BatchID != "" || !strings.HasPrefix(p.Reason, reason) {
			t.Errorf("order %d is in batch %q for %q, want none and %q", i, p.BatchID, p.Reason, reason)
		}
	}
	w.attestor.refuses(nil)
	w.finish()
	w.paidTogether(1, orders[0], orders[3])
	w.paidTogether(2, orders[0], orders[1], orders[3])
}

// Where there are no funds for all, the oldest are paid first, and the rest says what it
// waits for until there are.
func TestFundsForSomeOfABatch(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, asset.Bitcoin)
	w.fund(w.some(30))
	orders := w.payouts(4)
	w.round(0)
	w.round(2 * time.Minute)
	if p := w.payment(orders[0].ID); p.BatchID == "" || p.BatchID != w.payment(orders[1].ID).BatchID {
		t.Errorf("the oldest two are in batches %q and %q", p.BatchID, w.payment(orders[1].ID).BatchID)
	}
	w.round(time.Second)
	for _, o := range orders[2:] {
		if p := w.payment(o.ID); p.Reason != payment.ReasonFunds {
			t.Errorf("%s waits for %q", o.ID, p.Reason)
		}
	}
	w.mine(confirmations + 1)
	w.fund(w.some(1000))
	w.finish()
	w.paidTogether(2, orders...)
}

// The process dies around each effect of a batch; the next one finishes it as it was planned.
func TestBatchSurvivesCrashes(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, asset.Bitcoin)
	var orders []swap.Order
	seen := map[string]bool{}
	for n := 1; ; n++ {
		w.fund(w.some(1000))
		orders = append(orders, w.payouts(3)...)
		w.round(0)
		w.clock.advance(2 * time.Minute)
		where := w.crashing(n)
		if where == "" {
			break
		}
		seen[where] = true
		w.restart()
		w.finish()
		if p, q := w.payment(orders[len(orders)-1].ID), w.payment(orders[len(orders)-3].ID); p.BatchID != q.BatchID {
			t.Fatalf("crash %s: batches %q and %q", where, p.BatchID, q.BatchID)
		}
	}
	for _, effect := range []string{"StorePlan", "Sign", "StoreSigned", "Broadcast", "StoreAnswer"} {
		if !seen["before "+effect] || !seen["after "+effect] {
			t.Errorf("no crash around %s: %v", effect, seen)
		}
	}
	w.finish()
	w.paidTogether(len(orders)/3, orders...)
}

// More than one transaction can pay are paid by several, without another window.
func TestMoreThanOneTransactionPays(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, asset.Bitcoin)
	w.fund(w.some(5000), w.some(5000))
	orders := w.payouts(chain.OutputsMost + 3)
	w.round(0)
	w.round(2 * time.Minute)
	w.round(time.Second)
	w.finish()
	sizes := map[string]int{}
	for _, o := range orders {
		sizes[w.payment(o.ID).BatchID]++
	}
	if len(sizes) != 2 || sizes[w.payment(orders[0].ID).BatchID] != chain.OutputsMost {
		t.Errorf("batches are of %v", fmt.Sprint(sizes))
	}
	w.paidTogether(2, orders...)
}

// BenchmarkBatchOfHundred plans, has attested and signed by fakes, stores and hands in a batch
// of the most recipients there can be, on real PostgreSQL.
func BenchmarkBatchOfHundred(b *testing.B) {
	w := newWindowWorld(b, asset.Bitcoin)
	for b.Loop() {
		b.StopTimer()
		w.fund(w.some(20_000))
		orders := w.payouts(chain.OutputsMost)
		w.round(0)
		w.clock.advance(2 * time.Minute)
		b.StartTimer()
		w.must(w.engine.Round(context.Background()))
		b.StopTimer()
		if p := w.payment(orders[0].ID); p.State != swap.PaymentBroadcast {
			b.Fatalf("it is %s: %s", p.State, p.Reason)
		}
		w.mine(confirmations + 1)
		b.StartTimer()
	}
}
