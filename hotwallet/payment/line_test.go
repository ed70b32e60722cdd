package payment_test

import (
	"testing"

	"ferry/hotwallet/payment"
	"ferry/swap"
)

// Setup: a payout planned while fees are low, then a spike to far more than ten times that, and
// eight others behind it, which all have to wait for its nonce. Test: it is raised by what they may
// cost, within its own limits, and all are paid; without anything behind it, it is not.
func TestTheHeadOfALineIsRaisedForWhatWaitsBehindIt(t *testing.T) {
	t.Parallel()
	for name, behind := range map[string]int{"eight behind it": payment.InFlightMax, "nothing behind it": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, all := newCrowd(t, 0, 1)
			w.bidding()
			w.chain.SetBlockRate(1000)
			w.step()
			first := w.payment(all[0].ID).Attempt.Plan
			w.chain.SetBlockRate(20 * uint64(first.Rate) / gwei)
			w.chain.SetFeeRate(25 * uint64(first.Rate) / gwei)
			for range behind {
				o := w.payout(w.some(200))
				all = append(all, o)
				w.deliver(o)
			}
			for range 12 {
				w.passed()
			}
			p := w.payment(all[0].ID)
			if behind == 0 {
				if p.State != swap.PaymentBroadcast || p.Attempt.Plan.Rate > 10*first.Rate || p.Reason != payment.ReasonBudget {
					t.Fatalf("%s at %d of %d because %q", p.State, p.Attempt.Plan.Rate, first.Rate, p.Reason)
				}
				return
			}
			if p.Attempt.Plan.Rate <= 10*first.Rate {
				t.Fatalf("it offers %d, at first %d: %s because %q", p.Attempt.Plan.Rate, first.Rate, p.State, p.Reason)
			}
			for _, o := range all {
				w.paid(o)
			}
		})
	}
}

// gwei is one in wei.
const gwei = 1_000_000_000
