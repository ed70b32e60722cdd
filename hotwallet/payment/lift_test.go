package payment_test

import (
	"strings"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// stubborn is a world whose nodes take no replacement, as on Bitcoin Cash, with a payment that
// is handed in; no block takes it at its rate.
func stubborn(t *testing.T, rate uint64) (*world, swap.Order) {
	t.Helper()
	w := newWorldWith(t, asset.Bitcoin, fakechain.Config{Networks: networks, FirstSeen: true})
	w.reorgLimit = 2*confirmations + 1
	w.hireCoroner()
	w.bidding()
	w.fund(w.some(1000))
	o := w.payout(w.some(100))
	w.sent(o)
	w.chain.SetBlockRate(rate)
	return w, o
}

// sweeps are the house's own payments that meet a condition.
func (w *world) sweeps(where string) int {
	w.t.Helper()
	return w.count(`SELECT count(*) FROM payment WHERE purpose = 'sweep' AND ` + where)
}

// Setup: nodes take no replacement, and no block takes a payment.
//
// Test: its change is spent by a transaction of our own that pays for both, and that one's by
// another, until a block takes all of them. The payment is made once, and the books are right.
func TestAChildRaisesWhatNothingReplaces(t *testing.T) {
	t.Parallel()
	w, o := stubborn(t, 8)
	for i := 0; w.payment(o.ID).State == swap.PaymentBroadcast; i++ {
		if i == 30 {
			t.Fatalf("never mined, with %d children: %q", w.sweeps("true"), w.payment(o.ID).Reason)
		}
		w.passed()
	}
	if n := w.sweeps("state = 'confirmed'"); w.attempts(o) != "mined" || n < 2 || w.sweeps("state <> 'confirmed'") != 0 {
		t.Fatalf("%s, and %d of %d children are mined", w.attempts(o), n, w.sweeps("true"))
	}
	w.settle(o)
	if n := w.sweeps("state <> 'final'"); n != 0 {
		t.Fatalf("%d children are not final", n)
	}
}

// Test: what a payment and all its children cost is within what it may cost, however high the
// market; it says that it waits for them, and is mined once the market falls.
func TestChildrenKeepToTheBudget(t *testing.T) {
	t.Parallel()
	w, o := stubborn(t, 1_000_000)
	for range 30 {
		w.passed()
	}
	if p := w.payment(o.ID); p.State != swap.PaymentBroadcast || p.Reason != payment.ReasonBudget && !strings.HasPrefix(p.Reason, payment.ReasonLifted) {
		t.Fatalf("it is %s because %q", p.State, p.Reason)
	}
	if cost := w.count(`SELECT sum(fee) FROM attempt`); asset.NewUnits(uint64(cost)).Cmp(w.feeMax) > 0 || w.sweeps("true") < 3 {
		t.Fatalf("%d children, and all cost %d of at most %s", w.sweeps("true"), cost, w.feeMax)
	}
	w.chain.SetBlockRate(0)
	w.settle(o)
}

// Setup: nodes take no replacement, and blocks pass over as many children in a row as there may
// be, at less than what the payment may cost.
//
// Test: it says that it offers all it may, which people read as an alarm, and no more of its
// children; once the market falls it is mined.
func TestNoMoreChildrenSaysSo(t *testing.T) {
	t.Parallel()
	w, o := stubborn(t, 1_000_000)
	// Slowly, so that there are four of them below the budget.
	w.bid = func(b payment.Bid) chain.Rate { return min(b.Offered+b.Offered/8+1, b.Budget) }
	w.restart()
	for range 30 {
		w.passed()
	}
	if p := w.payment(o.ID); p.State != swap.PaymentBroadcast || p.Reason != payment.ReasonBudget {
		t.Fatalf("with %d children it is %s because %q", w.sweeps("true"), p.State, p.Reason)
	}
	if n := w.sweeps("true"); n != 4 {
		t.Fatalf("%d children", n)
	}
	w.chain.SetBlockRate(0)
	w.settle(o)
}

// Without change nothing raises what nothing replaces, and that is for people.
func TestReasonsForPeople(t *testing.T) {
	t.Parallel()
	w := &world{}
	for _, reason := range []string{payment.ReasonNoChange, payment.ReasonDescendants, payment.ReasonUnrelieved + " why", payment.ReasonBudget} {
		if !w.forPeople(reason) {
			t.Errorf("%q is for nobody", reason)
		}
	}
	for _, reason := range []string{payment.ReasonPatient, payment.ReasonDeferred, payment.ReasonLifted + " x", payment.ReasonInFlight} {
		if w.forPeople(reason) {
			t.Errorf("%q is for people", reason)
		}
	}
}

// A child that has no plan yet when its parent is mined is forgotten.
func TestNeedlessChildIsForgotten(t *testing.T) {
	t.Parallel()
	w, o := stubborn(t, 8)
	w.passed()
	if w.sweeps("batch_id IS NULL") != 1 {
		t.Fatalf("%d children", w.sweeps("true"))
	}
	w.chain.SetBlockRate(0)
	w.mine(1)
	w.step()
	if w.sweeps("true") != 0 {
		t.Fatal("the child waits on")
	}
	w.settle(o)
}

// Setup: a payment and its child are in a block that a reorganisation takes away, and what the
// payment was made from is double-spent for good.
//
// Test: the payment is made anew from other coins; the child ends with its parent.
func TestChildEndsWithItsParent(t *testing.T) {
	t.Parallel()
	w, o := stubborn(t, 4)
	for w.payment(o.ID).State == swap.PaymentBroadcast {
		w.passed()
	}
	w.chain.SetBlockRate(0)
	if w.sweeps("state = 'confirmed'") != 1 {
		t.Fatalf("%d children", w.sweeps("true"))
	}
	depth := int(w.chain.Confirmations(w.payment(o.ID).Attempt.Plan.Coins[0].TxID))
	w.chain.Reorg(depth, fakechain.DoubleSpend)
	w.mine(depth + 1)
	w.exec(`DELETE FROM halt`)
	w.fund(w.some(300))
	w.mine(deathDepth + confirmations)
	w.paid(o)
	w.balanced()
	if n := w.count(`SELECT count(*) FROM batch WHERE state = 'dead'`); n != 2 || w.sweeps("true") != 0 {
		t.Fatalf("%d batches are dead, %d children left", n, w.sweeps("true"))
	}
}

// The process dies around each effect of raising a payment by a child.
func TestCrashWhileLifting(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	w, o := stubborn(t, 6)
	for n := 1; ; n++ {
		where := ""
		for i := 0; where == "" && w.payment(o.ID).State == swap.PaymentBroadcast && i < 10; i++ {
			w.mine(1)
			where = w.crashing(n)
		}
		seen[where] = true
		w.restart()
		for range 10 {
			w.passed()
		}
		if p := w.payment(o.ID); p.State != swap.PaymentConfirmed && p.State != swap.PaymentFinal {
			t.Fatalf("after a crash %s it is %s because %q", where, p.State, p.Reason)
		}
		w.chain.SetBlockRate(0)
		w.settle(o)
		if where == "" {
			break
		}
		w.fund(w.some(200))
		o = w.payout(w.some(100))
		w.sent(o)
		w.chain.SetBlockRate(6)
	}
	if !seen["before StoreLift"] || !seen["after StoreLift"] {
		t.Errorf("no crash around StoreLift: %v", seen)
	}
}
