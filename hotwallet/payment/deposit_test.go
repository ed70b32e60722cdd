package payment_test

import (
	"context"
	"errors"
	"testing"

	"ferry/hotwallet/payment"
	"ferry/swap"
)

// vanish takes a confirmed deposit back, or brings it back, as its chain's watcher does.
const (
	vanishSQL = `UPDATE deposit SET state = 'reorged', height = NULL, block_hash = NULL, confirmed_at = NULL WHERE deposit_id = $1`
	returnSQL = `UPDATE deposit SET state = 'confirmed', height = 1, block_hash = 'b', confirmed_at = now() WHERE deposit_id = $1`
)

// A reorganisation takes the deposit between plan and signature, or before the
// plan: the signer is not asked. It confirms again: the payment goes on.
func TestNothingIsSignedForADepositThatIsGone(t *testing.T) {
	t.Parallel()
	for name, planned := range map[string]bool{"before the plan": false, "after the plan": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, w *world) {
				o := w.ordered()
				if planned {
					p, plan := w.planned(o)
					_, err := w.store.StorePlan(t.Context(), []payment.Payment{p}, plan)
					w.must(err)
				}
				_, err := w.pool.Exec(t.Context(), vanishSQL, o.Deposits[0].ID)
				w.must(err)
				for range 3 {
					w.step()
				}
				p := w.payment(o.ID)
				if p.State != swap.PaymentQueued || p.Reason != payment.ReasonDeposit || (p.Attempt != nil) != planned {
					t.Fatalf("payment %s because %q, attempt %v", p.State, p.Reason, p.Attempt)
				}
				_, err = w.pool.Exec(t.Context(), returnSQL, o.Deposits[0].ID)
				w.must(err)
				w.settle(o)
			})
		})
	}
}

// A plan and a reorganisation at once: the plan waits for the reorganisation that
// was first, and then finds the deposit gone.
func TestPlanWaitsForAReorg(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		o := w.ordered()
		p, plan := w.planned(o)
		reorg, err := w.pool.Begin(t.Context())
		w.must(err)
		_, err = reorg.Exec(t.Context(), vanishSQL, o.Deposits[0].ID)
		w.must(err)
		stored := make(chan error, 1)
		go func() {
			_, err := w.store.StorePlan(context.Background(), []payment.Payment{p}, plan)
			stored <- err
		}()
		w.waits("deposit", stored)
		w.must(reorg.Commit(t.Context()))
		if err := <-stored; !errors.Is(err, payment.ErrChanged) {
			t.Fatalf("%v, want ErrChanged", err)
		}
	})
}
