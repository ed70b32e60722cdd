package payment_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/payment"
	"ferry/swap"
)

// lacking is a payment of two coins of which the second, and not the anchor, is double-spent in a
// reorganisation deeper than the confirmations.
func (w *world) lacking() swap.Order {
	w.t.Helper()
	w.fund(w.some(100))
	w.mine(2)
	w.fund(w.some(60))
	o := w.payout(w.some(140))
	if p := w.sent(o); len(p.Attempt.Plan.Coins) != 2 || p.Attempt.Plan.Coins[1].Units != w.some(60) {
		w.t.Fatalf("it spends %+v", p.Attempt.Plan.Coins)
	}
	w.chain.Reorg(confirmations, fakechain.DoubleSpend)
	w.mine(confirmations + 1)
	return o
}

// Setup: as lacking.
//
// Test: it gets another attempt, which spends the same anchor and another coin, and is paid
// once. Nobody is asked whether the coin is gone for good.
func TestPaymentDoesWithoutALostCoin(t *testing.T) {
	t.Parallel()
	w, c := mortal(t)
	o := w.lacking()
	w.mine(confirmations)
	w.step()
	if got := w.attempts(o); got != "broadcast" {
		t.Fatalf("without funds: %s", got)
	}
	w.fund(w.some(90))
	w.step()
	if p := w.payment(o.ID); p.Attempt.N != 2 || p.Attempt.Plan.Coins[0].Units != w.some(100) || p.Attempt.Plan.Coins[1].Units != w.some(90) || p.Reason != "" {
		t.Fatalf("%s because %q, of %+v", w.attempts(o), p.Reason, p.Attempt.Plan.Coins)
	}
	w.paid(o)
	w.balanced()
	if c.asked != 0 {
		t.Errorf("attestd was asked %d times", c.asked)
	}
	w.mine(deathDepth)
	if n := w.count(`SELECT count(*) FROM coin WHERE reserved_by IS NOT NULL AND spent_txid IS NULL`); n != 0 {
		t.Errorf("%d coins are kept back", n)
	}
}

// Setup: as lacking, and another payment spends the change of what can't be mined any more.
//
// Test: the first does without the coin; the second ends with the attempt that it was built on,
// and is made anew.
func TestChildOfALostAttemptIsMadeAnew(t *testing.T) {
	t.Parallel()
	w, _ := mortal(t)
	w.fund(w.some(100))
	w.mine(2)
	w.fund(w.some(60))
	o, child := w.payout(w.some(110)), w.payout(w.some(20))
	w.sent(o)
	w.sent(child)
	if !w.parented(child) {
		t.Fatal("it is no child")
	}
	w.chain.Reorg(confirmations, fakechain.DoubleSpend)
	w.mine(confirmations + 1)
	w.fund(w.some(90), w.some(80))
	w.mine(confirmations)
	for range deathDepth + 2*confirmations {
		w.step()
		w.mine(1)
	}
	w.paid(o, child)
	w.balanced()
	if n := w.count(`SELECT count(*) FROM batch WHERE state = 'dead'`); n != 1 {
		t.Errorf("%d batches are dead", n)
	}
}

// Setup: as lacking, and the process dies around each effect of the other attempt.
func TestCrashWhileDoingWithout(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for n := 1; ; n++ {
		w, _ := mortal(t)
		o := w.lacking()
		w.mine(confirmations)
		w.fund(w.some(90))
		where := w.crashing(n)
		seen[where] = true
		w.restart()
		w.paid(o)
		w.balanced()
		if where == "" {
			break
		}
	}
	if !seen["before StoreReplacement"] || !seen["after StoreReplacement"] {
		t.Errorf("no crash around the other attempt: %v", seen)
	}
}

// Setup: as lacking, while the signer refuses everything, for long.
//
// Test: it is asked again ever more rarely, people read why the payment waits, and nothing of that
// wears the batch out: once the signer signs, it is paid.
func TestRefusalsDoNotWearOutWhatLacksACoin(t *testing.T) {
	t.Parallel()
	w, _ := mortal(t)
	o := w.lacking()
	w.mine(confirmations)
	w.fund(w.some(90))
	refused := func(rounds int) int {
		for range rounds {
			w.signer.faults = []signFault{signRefused}
			w.step()
		}
		return w.count(`SELECT count(*) FROM attempt WHERE batch_id = $1 AND state = 'dropped'`, o.ID)
	}
	if n := refused(2); n == 0 {
		t.Fatalf("the signer was not asked: %s", w.attempts(o))
	}
	if n := refused(60); n > 30 { // 10 minutes each
		t.Fatalf("the signer was asked %d times", n)
	}
	if p := w.payment(o.ID); !w.forPeople(p.Reason) {
		t.Fatalf("it waits because %q", p.Reason)
	}
	w.exec(`INSERT INTO attempt (batch_id, n, chain, state, plan, fee, sender, nonce, planned_at, reason, height)
		SELECT a.batch_id, a.n + g, a.chain, 'dropped', a.plan, a.fee, a.sender, a.nonce, a.planned_at, a.reason, a.height
		FROM attempt a, generate_series(1, 300) g WHERE a.n = (SELECT max(n) FROM attempt)`)
	if before, n := refused(0), refused(100); n-before > 2 {
		t.Fatalf("the signer was asked %d times in less than a day", n-before)
	}
	w.signer.faults = nil
	w.clock.advance(24 * time.Hour)
	w.step()
	w.paid(o)
	w.balanced()
}

// Setup: as lacking, without any other coin. Test: the reason says what is wrong, and is one for
// people; with a coin it is gone.
func TestWhatLacksACoinSaysSo(t *testing.T) {
	t.Parallel()
	w, _ := mortal(t)
	o := w.lacking()
	w.mine(confirmations)
	w.step()
	if p := w.payment(o.ID); !strings.HasPrefix(p.Reason, payment.ReasonUnrelieved) || !w.forPeople(p.Reason) {
		t.Fatalf("it waits because %q", p.Reason)
	}
	w.fund(w.some(90))
	w.step()
	if p := w.payment(o.ID); p.Attempt.N != 2 || p.Reason != "" {
		t.Fatalf("%s because %q", w.attempts(o), p.Reason)
	}
	w.paid(o)
}

// forPeople reports a reason that the measures count as waiting for people.
func (w *world) forPeople(reason string) bool {
	return slices.ContainsFunc(payment.PeopleReasons(), func(begins string) bool { return strings.HasPrefix(reason, begins) })
}
