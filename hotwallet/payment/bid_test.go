package payment_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// After a second attempt was dropped, the first must not be handed in with every round.
func TestDroppedAttemptDoesNotSpin(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		replaced := 0
		w.told = payment.Observer{Replaced: func(swap.Purpose) { replaced++ }}
		w.bidding()
		o := w.ordered()
		w.step()
		w.chain.SetBlockRate(20)
		w.signer.fail(signRefused)
		w.passed()
		w.clock.advance(12 * time.Second) // the pause is over, BidEvery is not
		before := w.count(`SELECT version FROM batch WHERE batch_id = $1`, o.ID)
		for range 20 { // 5 s of rounds of 250 ms
			w.must(w.engine.Round(context.Background()))
		}
		after := w.count(`SELECT version FROM batch WHERE batch_id = $1`, o.ID)
		if replaced != 1 {
			t.Fatalf("%d replacements were told", replaced)
		}
		if after-before > 2 {
			t.Fatalf("%d writes in 20 rounds without any pause; %s", after-before, w.attempts(o))
		}
	})
}

// Where no block came none can have refused what was offered.
func TestNoBlockNoBid(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.bidding()
		o := w.ordered()
		w.step()
		first := w.payment(o.ID).Attempt.Plan
		for range 3 {
			w.step()
		}
		p := w.payment(o.ID)
		if p.Attempt.N != 1 {
			t.Fatalf("attempt %d at rate %d after %d, and no block was mined", p.Attempt.N, p.Attempt.Plan.Rate, first.Rate)
		}
	})
}

// What the signer refuses for a while uses up no attempts.
func TestRefusedBidsUseUpNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	w.bidding()
	o := w.ordered()
	w.step()
	w.chain.SetBlockRate(20)
	for range 45 { // a limit over time, or a switch, for a while
		w.signer.faults = []signFault{signRefused}
		w.passed()
	}
	n := w.count(`SELECT count(*) FROM attempt WHERE batch_id = $1`, o.ID)
	w.signer.faults = nil
	for range 6 {
		w.passed()
	}
	if signed := w.count(`SELECT count(*) FROM attempt WHERE batch_id = $1 AND raw IS NOT NULL`, o.ID); signed < 2 {
		t.Fatalf("%d attempts, all but one dropped, and no other is ever made", n)
	}
}

// A top-up holds the sender's nonce: it has to outbid what comes.
func TestTopUpOutbids(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Ethereum)
	s.bidding()
	s.open()
	s.fund(s.some(1000))
	s.deposited(asset.USDT, dollars(500))
	if n := s.look(); n != 1 {
		t.Fatalf("%d open", n)
	}
	s.step()
	id := s.text(`SELECT order_id FROM payment WHERE purpose = 'gas_topup'`)
	s.chain.SetBlockRate(20)
	for range 10 {
		s.step()
		s.mine(1)
	}
	p := s.payment(id)
	if p.State == swap.PaymentBroadcast {
		t.Fatalf("top-up of %s still %s with %s; fee %s, budget %s; nothing behind it is mined", p.Order.Amount.Units, p.State, s.attempts(p.Order), p.Attempt.Plan.Fee, p.House.FeeMax)
	}
}

// What the signer refuses of one asset (a switch, an hour's limit) stops no other.
func TestOneRefusedAssetStopsNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	w.fund(w.some(1000))
	w.fundToken(asset.USDT, dollars(1000))
	token, ether := w.tokenPayout(asset.USDT, dollars(10)), w.payout(w.some(10))
	w.deliver(token)
	w.deliver(ether)
	w.signer.fail(signRefused)
	w.step()
	refused, paid := w.payment(token.ID), w.payment(ether.ID)
	if paid.State == swap.PaymentQueued { // whichever came first
		refused, paid = paid, refused
	}
	if paid.State != swap.PaymentBroadcast || refused.State != swap.PaymentQueued || refused.Attempt != nil ||
		!strings.HasPrefix(refused.Reason, payment.ReasonRefused) {
		t.Fatalf("one is %s, %q; the other %s, %q, %+v", paid.State, paid.Reason, refused.State, refused.Reason, refused.Attempt)
	}
	w.step()
	w.ended(ether)
	w.ended(token)
}

// A refusal after an answer that was lost is none of the plan's: it may be signed.
func TestRefusalAfterALostAnswer(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(w.some(1000))
		o := w.payout(w.some(10))
		w.deliver(o)
		w.signer.fail(signLost, signRefused)
		w.step()
		w.step()
		if p := w.payment(o.ID); p.State != swap.PaymentQueued || p.Attempt == nil {
			t.Fatalf("%s, %q, given up", p.State, p.Reason)
		}
		w.step()
		w.ended(o)
	})
}
