package payment_test

import (
	"testing"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// bidding has batches offer all they may within half an hour.
func (w *world) bidding() {
	w.t.Helper()
	w.bid = payment.Rising(w.clock.Now, 30*time.Minute, nil)
	w.restart()
}

// passed has a block come that takes none of what waits, and time go by.
func (w *world) passed() {
	w.t.Helper()
	w.mine(1)
	w.step()
}

// attempts are the states of a payment's attempts, in their order.
func (w *world) attempts(o swap.Order) string {
	w.t.Helper()
	var states string
	w.must(w.pool.QueryRow(w.t.Context(), `SELECT string_agg(state, ' ' ORDER BY n) FROM attempt WHERE batch_id = $1`, o.ID).Scan(&states))
	return states
}

// ended lets everything run until the payment is final, and demands that it was paid once.
func (w *world) ended(o swap.Order) {
	w.t.Helper()
	w.mine(confirmations + 1)
	p := w.payment(o.ID)
	if p.State != swap.PaymentFinal || w.received(o) != o.Amount.Units {
		w.t.Fatalf("%s is %s and received %s: %q", o.ID, p.State, w.received(o), p.Reason)
	}
	w.balanced()
	if n := w.count(`SELECT count(*) FROM (SELECT account FROM posting WHERE account IN ('in_flight', 'payment_confirming') GROUP BY account, asset HAVING sum(units) <> 0) x`); n != 0 {
		w.t.Fatal("something is left on its way")
	}
}

// Setup: miners take nothing at the rate of a payment.
// Test: it offers more with each look, spending the same, until they do; it is paid once,
// and the books show the fee of the attempt that was mined.
func TestOffersMore(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.bidding()
		o := w.ordered()
		w.step()
		w.chain.SetBlockRate(10)
		for i := 0; w.payment(o.ID).State == swap.PaymentBroadcast; i++ {
			if i == 20 {
				t.Fatalf("never mined: %s", w.attempts(o))
			}
			w.step()
			w.mine(1)
		}
		if n := w.count(`SELECT count(*) FROM attempt WHERE reason <> ''`); n == 0 {
			t.Fatal("no second attempt, or none with a reason")
		}
		w.ended(o)
		if n := w.count(`SELECT count(*) FROM attempt WHERE state = 'mined'`); n != 1 {
			t.Fatal(w.attempts(o))
		}
	})
}

// Any of the attempts may be mined, whichever the node has.
func TestAnEarlierAttemptIsMined(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.bidding()
		o := w.ordered()
		w.step()
		first := w.payment(o.ID).Attempt
		w.chain.SetBlockRate(20)
		w.passed()
		second := w.payment(o.ID).Attempt
		if second.N != 2 || second.TxID == first.TxID {
			t.Fatalf("%s", w.attempts(o))
		}
		// The node forgets the newer one, and gets the first from somebody else.
		w.chain.Evict(second.TxID)
		if answer, err := w.chain.Broadcast(t.Context(), first.Raw); answer != chain.Accepted {
			t.Fatal(answer, err)
		}
		w.chain.SetBlockRate(0)
		w.mine(1)
		if got := w.attempts(o); got != "mined broadcast" {
			t.Fatal(got)
		}
		w.chain.Reorg(1, fakechain.Drop)
		w.chain.MineEmpty(2)
		w.mine(0)
		if n := w.count(`SELECT count(*) FROM attempt WHERE state = 'broadcast'`); n != 2 {
			t.Fatal(w.attempts(o))
		}
		if answer, err := w.chain.Broadcast(t.Context(), first.Raw); answer != chain.Accepted {
			t.Fatal(answer, err)
		}
		w.ended(o)
		if got := w.attempts(o); got != "mined replaced" {
			t.Fatal(got)
		}
	})
}

// A second attempt that is refused, or can't be planned, leaves the first as it was.
func TestRefusedReplacement(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.bidding()
		o := w.ordered()
		w.step()
		w.chain.SetBlockRate(20)
		w.signer.fail(signRefused)
		w.passed()
		if got := w.attempts(o); got != "broadcast dropped" {
			t.Fatal(got)
		}
		w.passed()
		if got := w.attempts(o); got != "broadcast dropped broadcast" {
			t.Fatal(got)
		}
		w.chain.SetBlockRate(0)
		w.ended(o)
	})
}

// What no miner takes at the most that a payment may cost waits, and says why.
func TestWaitsAtItsBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	w.bidding()
	o := w.ordered()
	w.step()
	w.chain.SetBlockRate(1_000_000)
	for range 30 {
		w.passed()
	}
	p := w.payment(o.ID)
	if p.State != swap.PaymentBroadcast || p.Reason != payment.ReasonBudget || w.feeMax.Less(p.Attempt.Plan.Fee) {
		t.Fatalf("%s, %q, fee %s of at most %s, %s", p.State, p.Reason, p.Attempt.Plan.Fee, w.feeMax, w.attempts(o))
	}
	w.chain.SetBlockRate(0)
	w.ended(o)
}

// The process dies around each effect of a second attempt; the next one finishes.
func TestCrashWhileReplacing(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.bidding()
		w.fund(w.some(1000), w.some(1000), w.some(1000), w.some(1000), w.some(1000), w.some(1000), w.some(1000), w.some(1000), w.some(1000), w.some(1000))
		seen := map[string]bool{}
		for n := 1; ; n++ {
			o := w.payout(w.some(uint64(30 + n)))
			w.deliver(o)
			w.step()
			w.chain.SetBlockRate(20)
			w.mine(1)
			where := w.crashing(n)
			seen[where] = true
			w.restart()
			w.step()
			w.chain.SetBlockRate(0)
			w.ended(o)
			if where == "" {
				break
			}
		}
		for _, effect := range []string{"StoreReplacement", "Sign", "StoreSigned", "Broadcast", "StoreAnswer"} {
			if !seen["before "+effect] || !seen["after "+effect] {
				t.Errorf("no crash around %s: %v", effect, seen)
			}
		}
	})
}

// A plan that does not spend what the first attempt spends is no replacement.
func TestReplacementSpendsTheSame(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(w.some(1000), w.some(2000))
		o, other := w.payout(w.some(10)), w.payout(w.some(20))
		w.deliver(o, other)
		w.step()
		b, err := w.store.Batch(t.Context(), o.ID)
		w.must(err)
		stranger, err := w.store.Batch(t.Context(), other.ID)
		w.must(err)
		if _, err := w.store.StoreReplacement(t.Context(), b, stranger.Attempts[0].Plan, "more"); err == nil {
			t.Fatal("two transactions that could both be mined")
		}
		if got := w.attempts(o); got != "broadcast" {
			t.Fatal(got)
		}
	})
}
