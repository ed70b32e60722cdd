package payment_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// fellOut is a payment that is planned with the coin of another's lost attempt.
func fellOut(t *testing.T) (w *world, o, other swap.Order) {
	t.Helper()
	w, _ = mortal(t)
	w.bidding()
	o, _ = w.lostWith()
	other = w.payout(w.some(8))
	w.mine(deathDepth + 1)
	return w, o, other
}

// Setup: a plan is signed, and the answer lost; the signer refuses to say what it remembers.
// Test: that is no refusal to sign, and the plan stays; then the payment goes on.
func TestARefusalOfWhatHasEndedGivesUpNoPlan(t *testing.T) {
	t.Parallel()
	w, o, other := fellOut(t)
	w.signer.fail(signLost)
	w.deliver(other)
	w.step()
	w.signer.endedRefuses = true
	w.step()
	if p := w.payment(other.ID); p.Attempt == nil || !strings.HasPrefix(p.Reason, payment.ReasonSigner) {
		t.Fatalf("it is in batch %q because %q", p.BatchID, p.Reason)
	}
	w.signer.endedRefuses = false
	w.paid(o, other)
	w.balanced()
}

// manyEnds has one coin been lost by many batches.
type manyEnds struct {
	payment.Store
	n int
}

func (s manyEnds) Deaths(ctx context.Context, orders, coins []string) ([]payment.DeathRequest, error) {
	if len(coins) == 0 {
		return s.Store.Deaths(ctx, orders, coins)
	}
	var all []payment.DeathRequest
	for n := range s.n {
		all = append(all, payment.DeathRequest{Chain: asset.Bitcoin, Anchor: "bitcoin:" + strconv.Itoa(n) + ":0"})
	}
	return all, nil
}

// The signer is asked about no more ends at once than a request may name.
func TestEndsAreAskedForInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	w.wrap = func(s payment.Store) payment.Store { return manyEnds{s, 450} }
	w.restart()
	for n := range 450 {
		w.signer.ended["bitcoin:"+strconv.Itoa(n)+":0"] = true
	}
	o := w.ordered()
	w.step()
	if p := w.payment(o.ID); p.State != swap.PaymentBroadcast || w.signer.asked != 200 {
		t.Fatalf("%s because %q; %d were asked for at once", p.State, p.Reason, w.signer.asked)
	}
}
