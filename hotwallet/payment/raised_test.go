package payment_test

import (
	"testing"
	"time"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// Setup: no block takes a payment; attestd vouches for its deposit no more, and then that is
// taken back, for good. Test: it is raised all the same, since what was signed was attested
// then; and it is mined.
func TestWhatWasSignedIsRaisedThoughItsDepositIsGone(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.bidding()
		o := w.ordered()
		w.step()
		w.chain.SetBlockRate(20)
		w.attestor.refuses(swap.Refuse(swap.CodeUnavailable, "node", "", "The attestor's node does not answer."))
		w.passed()
		if p := w.payment(o.ID); p.Attempt.N != 2 || p.Attempt.State != payment.AttemptBroadcast {
			t.Fatalf("want the second handed in: %s because %q", w.attempts(o), p.Reason)
		}
		_, err := w.pool.Exec(t.Context(), vanishSQL, o.Deposits[0].ID)
		w.must(err)
		w.passed()
		if p := w.payment(o.ID); p.Attempt.N != 3 || p.Attempt.State != payment.AttemptBroadcast {
			t.Fatalf("want the third handed in: %s because %q", w.attempts(o), p.Reason)
		}
		w.chain.SetBlockRate(0)
		w.settle(o)
		w.balanced()
	})
}

// Setup: the same, but the process dies once the second attempt is planned.
// Test: it is signed at the next try.
func TestAPlannedRaiseIsSignedThoughItsDepositIsGone(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.bidding()
		o := w.ordered()
		w.step()
		w.chain.SetBlockRate(20)
		w.signer.fail(signAway)
		w.passed()
		_, err := w.pool.Exec(t.Context(), vanishSQL, o.Deposits[0].ID)
		w.must(err)
		w.restart()
		w.must(w.engine.Round(t.Context()))
		if p := w.payment(o.ID); p.Attempt.N != 2 || p.Attempt.State != payment.AttemptBroadcast || p.Reason != "" {
			t.Fatalf("%s because %q", w.attempts(o), p.Reason)
		}
		w.chain.SetBlockRate(0)
		w.settle(o)
	})
}

// Setup: a payment is made anew after its nonce was used without effect; no block takes it, and
// attestd says no more that the first has ended. Test: it is raised: its anchor is another
// already, and stays.
func TestWhatWasMadeAnewIsRaisedWithoutAnotherWord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	c := w.hireCoroner()
	w.restart()
	w.bidding()
	o := w.ordered()
	w.failed(o)
	w.deliver(again(o, 1))
	w.mine(deathDepth)
	w.chain.SetBlockRate(20)
	for range 4 {
		w.must(w.engine.Round(t.Context()))
		w.clock.advance(time.Minute)
	}
	if p := w.payment(o.ID); p.State != swap.PaymentBroadcast || p.Attempt.N != 1 {
		t.Fatalf("it is %s because %q", p.State, p.Reason)
	}
	w.coroner = &silenced{Coroner: c, silent: true}
	w.restart()
	w.chain.SetBlockRate(20)
	w.passed()
	if p := w.payment(o.ID); p.Attempt.N != 2 || p.Attempt.State != payment.AttemptBroadcast {
		t.Fatalf("attempt %d is %s because %q", p.Attempt.N, p.Attempt.State, p.Reason)
	}
	w.chain.SetBlockRate(0)
	w.mine(confirmations + 1)
	if p := w.payment(o.ID); p.State != swap.PaymentFinal || w.received(o) != o.Amount.Units {
		t.Fatalf("it is %s because %q, and %s was received", p.State, p.Reason, w.received(o))
	}
	w.balanced()
}
