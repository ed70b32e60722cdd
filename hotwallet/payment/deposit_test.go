package payment_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// vanish takes a confirmed deposit back, or brings it back, as its chain's watcher does.
const (
	vanishSQL = `UPDATE deposit SET state = 'reorged', height = NULL, block_hash = NULL, confirmed_at = NULL WHERE deposit_id = $1`
	returnSQL = `UPDATE deposit SET state = 'confirmed', height = 1, block_hash = 'b', confirmed_at = now() WHERE deposit_id = $1`
)

// A reorganisation takes the deposit between plan and signature, or before the
// plan: nothing is signed, and a plan that was not signed ties up nothing any more. After an
// hour it is among what waits for people. It confirms again: the payment goes on.
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
				w.waitsWithoutPlan(o, payment.ReasonDeposit)
				for range 4 {
					w.step()
				}
				w.waitsWithoutPlan(o, payment.ReasonDepositLong)
				if !w.forPeople(payment.ReasonDepositLong) {
					t.Error("that is not listed as waiting for people")
				}
				_, err = w.pool.Exec(t.Context(), returnSQL, o.Deposits[0].ID)
				w.must(err)
				w.settle(o)
			})
		})
	}
}

// Setup: a deposit is gone, and the hot wallet starts again every ten minutes. Test: after an hour
// its payment is among what waits for people all the same, once the last start has looked twice.
func TestAStartDoesNotForgetSinceWhenADepositIsGone(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		o := w.ordered()
		_, err := w.pool.Exec(t.Context(), vanishSQL, o.Deposits[0].ID)
		w.must(err)
		for range 6 {
			w.step()
			w.waitsWithoutPlan(o, payment.ReasonDeposit)
			w.restart()
		}
		w.step()
		w.waitsWithoutPlan(o, payment.ReasonDeposit)
		w.round(15 * time.Second)
		w.waitsWithoutPlan(o, payment.ReasonDepositLong)
		_, err = w.pool.Exec(t.Context(), returnSQL, o.Deposits[0].ID)
		w.must(err)
		w.settle(o)
	})
}

// Setup: attestd does not vouch for a deposit, and the hot wallet stops for hours. Test: that is no
// reason for people at the first look after the start, for nobody has looked meanwhile; if it lasts, it is
// seconds later.
func TestTimeThatNobodyLookedIsNotCountedAtOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		o := w.ordered()
		w.attestor.refuses(swap.Refuse(swap.CodeRefused, "deposit", "", "It is not there."))
		w.must(w.engine.Round(t.Context()))
		for _, after := range []time.Duration{5 * time.Hour, 5 * time.Second} {
			if after > time.Minute {
				w.restart()
			}
			w.round(after)
			w.waitsWithoutPlan(o, payment.ReasonUnattested+" It is not there.")
		}
		w.round(10 * time.Second)
		w.waitsWithoutPlan(o, payment.ReasonUnattestedLong+" It is not there.")
		w.attestor.refuses(nil)
		w.settle(o)
	})
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

// waitsWithoutPlan: the payment stands still for the reason, and holds no coin and no nonce.
func (w *world) waitsWithoutPlan(o swap.Order, reason string) {
	w.t.Helper()
	p := w.payment(o.ID)
	if p.State != swap.PaymentQueued || p.Reason != reason || p.Attempt != nil || p.BatchID != "" {
		w.t.Fatalf("payment %s because %q, attempt %v", p.State, p.Reason, p.Attempt)
	}
	if n := w.count(`SELECT count(*) FROM coin WHERE reserved_by IS NOT NULL AND spent_txid IS NULL`); n != 0 {
		w.t.Fatalf("%d coins are reserved", n)
	}
	if n := w.count(`SELECT coalesce(max(next_nonce), 0) FROM sender`); n != 0 {
		w.t.Fatalf("%d nonces are given", n)
	}
}

// Setup: a plan was signed and the answer lost; then its deposit is taken back, for good.
// Test: what was signed is handed in: the payment was made then, and nothing that comes later, with
// the next nonce or the same coins, waits for it.
func TestWhatWasSignedIsPaidThoughItsDepositIsGone(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		o := w.ordered()
		w.signer.fail(signLost, signAway)
		w.step()
		_, err := w.pool.Exec(t.Context(), vanishSQL, o.Deposits[0].ID)
		w.must(err)
		w.must(w.engine.Round(t.Context()))
		later := w.payout(w.some(10))
		w.deliver(later)
		w.settle(o)
		w.settle(later)
		w.balanced()
	})
}

// Setup: payments are planned together, or with the nonce that is next, and the process dies;
// afterwards attestd does not vouch for one of them. Test: the plan is given up and the others
// are paid; the one waits for people.
func TestWhatIsNotVouchedForHoldsUpNobody(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(w.some(1000))
		one, other := w.payout(w.some(10)), w.payout(w.some(20))
		w.deliver(one, other)
		planned := []payment.Payment{}
		p, plan := w.planned(one)
		planned = append(planned, p)
		if w.on == asset.Bitcoin {
			q, _ := w.planned(other)
			planned = append(planned, q)
			basis, err := w.store.Basis(t.Context(), planned)
			w.must(err)
			plan, err = w.chain.Plan(t.Context(), basis.Funds, chain.Request{FeeMax: w.feeMax, Outputs: []chain.Output{
				{Destination: one.Destination, Asset: one.Amount.Asset, Units: one.Amount.Units},
				{Destination: other.Destination, Asset: other.Amount.Asset, Units: other.Amount.Units}}})
			w.must(err)
		}
		_, err := w.store.StorePlan(t.Context(), planned, plan)
		w.must(err)
		w.attestor.refusesOnly(one.ID, swap.Refuse(swap.CodeRefused, "deposit", "", "It is not there."))
		for range 8 {
			w.step()
		}
		if p := w.payment(one.ID); p.BatchID != "" || !strings.HasPrefix(p.Reason, payment.ReasonUnattestedLong) {
			t.Fatalf("the one is in batch %q because %q", p.BatchID, p.Reason)
		}
		w.settle(other)
		w.attestor.refuses(nil)
		w.settle(one)
	})
}

// Setup: a plan was signed and the answer lost; then attestd vouches for its deposit no more, and
// the signer is stopped. Test: that it may be signed is written once, not with each try; the signer
// goes on, and what was signed is handed in.
func TestAWithheldPlanSaysSoOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		o := w.ordered()
		w.signer.fail(signLost)
		w.step()
		w.attestor.refuses(swap.Refuse(swap.CodeRefused, "deposit", "", "It is not there."))
		w.signer.fail(slices.Repeat([]signFault{signRefused}, 100)...)
		w.step()
		w.step()
		before := w.payment(o.ID)
		if before.Attempt == nil || !strings.HasPrefix(before.Reason, payment.ReasonUnattestedLong+" It is not there.; the signer may have signed it:") {
			t.Fatalf("attempt %v because %q", before.Attempt, before.Reason)
		}
		for range 10 {
			w.step()
		}
		if p := w.payment(o.ID); p.Version != before.Version || p.Reason != before.Reason {
			t.Fatalf("%d writes, and now it is %q", p.Version-before.Version, p.Reason)
		}
		w.signer.goesOn()
		w.settle(o)
	})
}
