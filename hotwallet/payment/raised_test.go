package payment_test

import (
	"strings"
	"testing"
	"time"

	"ferry/hotwallet/payment"
	"ferry/swap"
)

// Setup: no block takes a payment, and attestd vouches for its deposit no more, for an hour.
// Test: there is one plan of a second attempt, which stays and says why; once attestd vouches
// again it is signed at the next try.
func TestAnOutageOfTheAttestorWearsOutNoBatch(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.bidding()
		o := w.ordered()
		w.step()
		w.chain.SetBlockRate(20)
		w.attestor.refuses(swap.Refuse(swap.CodeUnavailable, "node", "", "The attestor's node does not answer."))
		for range 6 {
			w.passed()
		}
		if n := w.count(`SELECT count(*) FROM attempt WHERE batch_id = $1`, o.ID); n != 2 {
			t.Fatalf("%d attempts: %s", n, w.attempts(o))
		}
		if p := w.payment(o.ID); !strings.HasPrefix(p.Reason, payment.ReasonUnattestedLong) {
			t.Fatalf("it is %s because %q", p.State, p.Reason)
		}
		w.attestor.refuses(nil)
		w.step()
		if p := w.payment(o.ID); p.Attempt.N != 2 || p.Attempt.State != payment.AttemptBroadcast || p.Reason != "" {
			t.Fatalf("attempt %d is %s because %q", p.Attempt.N, p.Attempt.State, p.Reason)
		}
		w.chain.SetBlockRate(0)
		w.settle(o)
	})
}

// Setup: a second attempt is planned, and the process dies; then the deposit is taken back.
// Test: the plan is recalled and says so, and nothing more is signed meanwhile; that is no refusal
// of the signer's: the deposit comes back, and the next attempt is made at once.
func TestARecalledAttemptIsNoRefusal(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.bidding()
		o := w.ordered()
		w.step()
		w.chain.SetBlockRate(20)
		w.signer.fail(signAway)
		w.passed()
		for range 5 { // as often as would double the pause to a quarter of an hour
			_, err := w.pool.Exec(t.Context(), vanishSQL, o.Deposits[0].ID)
			w.must(err)
			w.passed()
			w.clock.advance(time.Second)
			if p := w.payment(o.ID); p.Reason != payment.ReasonUnraised {
				t.Fatalf("%s because %q", w.attempts(o), p.Reason)
			}
			_, err = w.pool.Exec(t.Context(), returnSQL, o.Deposits[0].ID)
			w.must(err)
			w.signer.fail(signAway)
			w.mine(1)
			w.clock.advance(time.Minute)
			w.must(w.engine.Round(t.Context()))
			if got := w.attempts(o); !strings.HasSuffix(got, " planned") {
				t.Fatalf("%s because %q", got, w.payment(o.ID).Reason)
			}
		}
		w.step()
		w.chain.SetBlockRate(0)
		w.settle(o)
	})
}
