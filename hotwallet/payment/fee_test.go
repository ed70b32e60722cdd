package payment_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"ferry/hotwallet/payment"
	"ferry/hotwallet/postgres"
	"ferry/swap"
	"ferry/swap/asset"
)

// feeRates are rates at which a transfer costs less than a test's refund keeps back,
// more than that but within the house's limit, and more than the house carries.
func (w *world) feeRates() (low, high, tooHigh uint64) {
	if w.on == asset.Bitcoin {
		return 2, 30, 3000
	}
	return 1, 30, 3000
}

// keep is how much refunds keep back in these tests: what a quote named as the most.
func (w *world) keep() asset.Units {
	if w.on == asset.Bitcoin {
		return asset.NewUnits(1000)
	}
	return units("100000000000000")
}

// dearRefund is a refund of which the user pays keep.
func (w *world) dearRefund(name string, deferrable bool) swap.Order {
	w.t.Helper()
	w.refundFee = w.keep()
	o := w.refund(w.some(50))
	o.Deferrable = deferrable
	if kept, err := o.Deposits[0].Amount.Units.Sub(o.Amount.Units); err != nil || kept != w.keep() {
		w.t.Fatalf("%s keeps back %s, %v", name, kept, err)
	}
	return o
}

// standing counts the payments that stand still for somebody to look at.
func (w *world) standing() (n int64) {
	w.t.Helper()
	m, err := postgres.MeasureChain(context.Background(), w.pool, w.on)
	w.must(err)
	for _, p := range m.Payments {
		n += p.Standing
	}
	return n
}

// A swap's main refund is paid when fees are above what the user pays of them: the
// house carries the rest. A deferrable one waits, quietly, until they have fallen, and
// does not hold up what is behind it.
func TestDeferrableRefundWaitsForFees(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		low, high, _ := w.feeRates()
		w.fund(w.some(1000))
		extra, main := w.dearRefund("extra", true), w.dearRefund("main", false)
		w.chain.SetFeeRate(high)
		w.deliver(extra, main)
		w.settle(main)
		if fee := w.payment(main.ID).Attempt.Plan.Fee; !w.keep().Less(fee) {
			t.Fatalf("the main refund cost %s, which is not above %s", fee, w.keep())
		}
		w.stands(extra, payment.ReasonDeferred)
		if n := w.standing(); n != 0 {
			t.Errorf("%d payments stand still for somebody to look at, want none", n)
		}
		if p := w.payment(extra.ID); p.Attempt != nil || !strings.HasPrefix(p.Reason, "fees_above_limit:") {
			t.Fatalf("deferred: %+v", p)
		}
		w.chain.SetFeeRate(low)
		w.settle(extra, main)
		if fee := w.payment(extra.ID).Attempt.Plan.Fee; w.keep().Less(fee) {
			t.Errorf("the deferred refund cost %s, above %s", fee, w.keep())
		}
	})
}

// Beyond what the house carries a main refund waits too, and says so as an alarm; it
// is paid as soon as fees are within the limit again, low or not.
func TestMainRefundWaitsBeyondTheLimit(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		_, high, tooHigh := w.feeRates()
		w.fund(w.some(1000))
		o := w.dearRefund("main", false)
		w.chain.SetFeeRate(tooHigh)
		w.deliver(o)
		w.step()
		w.stands(o, payment.ReasonFee)
		if n := w.standing(); n != 1 {
			t.Errorf("%d payments stand still, want the one", n)
		}
		if !strings.HasPrefix(payment.ReasonFee, "fees_above_limit:") || payment.ReasonFee == payment.ReasonDeferred {
			t.Fatal("the reasons are not of one vocabulary")
		}
		w.chain.SetFeeRate(high)
		w.settle(o)
	})
}

// Deferring ends: after a week the house carries the fee of an extra refund as well.
func TestDeferringEnds(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		_, high, _ := w.feeRates()
		w.fund(w.some(1000))
		o := w.dearRefund("extra", true)
		w.chain.SetFeeRate(high)
		w.deliver(o)
		w.step()
		w.stands(o, payment.ReasonDeferred)
		w.clock.advance(7 * 24 * time.Hour)
		w.settle(o)
	})
}

// Where nothing is kept back there is nothing to wait for.
func TestNothingKeptBackIsNotDeferred(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	_, high, _ := w.feeRates()
	w.fund(w.some(1000))
	o := w.dearRefund("extra", true)
	o.Amount = o.Deposits[0].Amount
	w.chain.SetFeeRate(high)
	w.deliver(o)
	w.settle(o)
}
