package payment_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

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

// silenced is attestd whose node has lost the blocks that ended earlier payments.
type silenced struct {
	payment.Coroner
	silent bool
	asked  int
}

func (c *silenced) AttestDeath(ctx context.Context, r payment.DeathRequest) (string, error) {
	if c.asked++; c.silent {
		return "", swap.Refuse(swap.CodeRefused, "block", "", "The attestor's node can't show that block.")
	}
	return c.Coroner.AttestDeath(ctx, r)
}

// Setup: attestd's node can't show what ended the payment that a coin was for.
// Test: after a minute the plan that spends it is given up, with a reason for people, and is made
// again in growing pauses only. Once the block can be shown, it is paid.
func TestAPlanIsGivenUpWhereNobodySaysThatItsCoinIsFree(t *testing.T) {
	t.Parallel()
	w, o, other := fellOut(t)
	c := &silenced{Coroner: w.coroner, silent: true}
	w.coroner = c
	w.restart()
	w.deliver(other)
	w.must(w.engine.Round(t.Context()))
	if p := w.payment(other.ID); p.Attempt == nil || !strings.HasPrefix(p.Reason, payment.ReasonFormer+" The attestor's node") {
		t.Fatalf("it is in batch %q because %q", p.BatchID, p.Reason)
	}
	w.step()
	if p := w.payment(other.ID); p.BatchID != "" || !strings.HasPrefix(p.Reason, payment.ReasonFormerLong+" The attestor's node") || !w.forPeople(p.Reason) {
		t.Fatalf("it is in batch %q because %q", p.BatchID, p.Reason)
	}
	if n := w.count(`SELECT count(*) FROM coin WHERE reserved_by = $1`, other.ID); n != 0 {
		t.Fatalf("%d coins are reserved", n)
	}
	before := w.signer.calls
	for range 120 { // an hour
		w.clock.advance(30 * time.Second)
		w.must(w.engine.Round(t.Context()))
	}
	if n := w.signer.calls - before; n < 5 || n > 20 {
		t.Errorf("it was made %d times in an hour, want about every five minutes", n)
	}
	if p := w.payment(other.ID); p.BatchID != "" {
		t.Fatalf("it is in batch %q because %q", p.BatchID, p.Reason)
	}
	c.silent = false
	w.paid(o, other)
	w.balanced()
}

// Setup: as before, and the hot wallet starts again twice a minute. Test: after a minute the plan is
// given up all the same, once the last start has looked twice.
func TestAStartDoesNotForgetSinceWhenNobodySaysThatACoinIsFree(t *testing.T) {
	t.Parallel()
	w, o, other := fellOut(t)
	c := &silenced{Coroner: w.coroner, silent: true}
	w.coroner = c
	w.restart()
	w.deliver(other)
	w.must(w.engine.Round(t.Context()))
	for range 2 {
		w.restart()
		w.round(30 * time.Second)
		if p := w.payment(other.ID); p.Attempt == nil || !strings.HasPrefix(p.Reason, payment.ReasonFormer+" The attestor's node") {
			t.Fatalf("it is in batch %q because %q", p.BatchID, p.Reason)
		}
	}
	w.round(15 * time.Second)
	if p := w.payment(other.ID); p.BatchID != "" || !strings.HasPrefix(p.Reason, payment.ReasonFormerLong+" The attestor's node") {
		t.Fatalf("it is in batch %q because %q", p.BatchID, p.Reason)
	}
	c.silent = false
	w.paid(o, other)
	w.balanced()
}

// countedStore counts what is asked of the store.
type countedStore struct {
	payment.Store
	deaths, freed int
}

func (s *countedStore) Deaths(ctx context.Context, orders, coins []string) ([]payment.DeathRequest, error) {
	s.deaths++
	return s.Store.Deaths(ctx, orders, coins)
}

func (s *countedStore) FreedCoins(ctx context.Context, coins []string) (map[string][]string, error) {
	s.freed++
	return s.Store.FreedCoins(ctx, coins)
}

// Setup: attestd's node can't show what ended the payment that the largest coin was for, and there
// are other coins. Test: a payment that these suffice for is paid from them at once; attestd and the
// store are asked once a round which coins are free, however many payments and coins there are. Once the
// block can be shown, the coin is spent like any other, with one look.
func TestNoPaymentPlansWithACoinOfWhichNobodySaysThatItIsFree(t *testing.T) {
	t.Parallel()
	w, o, first := fellOut(t)
	counted, ok := w.coroner.(*coroner)
	if !ok {
		t.Fatal("another coroner")
	}
	c := &silenced{Coroner: w.coroner, silent: true}
	w.coroner = c
	store := &countedStore{}
	w.wrap = func(s payment.Store) payment.Store { store.Store = s; return store }
	w.restart()
	w.fund(w.some(5), w.some(5), w.some(4), w.some(4))
	second, third := w.payout(w.some(7)), w.payout(w.some(8))
	w.deliver(first, second)
	w.must(w.engine.Round(t.Context()))
	for _, one := range []swap.Order{first, second} {
		if p := w.payment(one.ID); p.State != swap.PaymentBroadcast || len(p.Attempt.Plan.Coins) != 2 {
			t.Fatalf("it is %s because %q", p.State, p.Reason)
		}
	}
	if c.asked != 1 || store.freed != 1 || store.deaths > 4 {
		t.Errorf("in a round attestd was asked %d times, the store %d times for coins and %d times for deaths", c.asked, store.freed, store.deaths)
	}
	c.silent = false
	w.deliver(third)
	w.step()
	if p := w.payment(third.ID); p.State != swap.PaymentBroadcast || len(p.Attempt.Plan.Coins) != 1 || counted.asked != 1 {
		t.Fatalf("it is %s because %q; attestd was asked %d times", p.State, p.Reason, counted.asked)
	}
	w.paid(o, first, second, third)
	w.balanced()
}
