package payment_test

import (
	"testing"

	"pgregory.net/rapid"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/payment"
	"ferry/swap"
)

// Random orders, faults, crashes and restarts: in the end each order is paid
// exactly once, or is queued with a reason; the books balance and agree with the
// node, and the signer was never asked for two payments of one order.
func TestPaidOnceOrQueuedWithAReason(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.bidding()
		w.fund(w.some(500), w.some(500), w.some(500))
		var all []swap.Order
		rapid.Check(t, func(r *rapid.T) {
			outer := w.t
			w.t = r
			defer func() { w.t = outer }()
			fresh := len(all)
			for range rapid.IntRange(4, stepsMost).Draw(r, "steps") {
				all = w.act(r, all)
			}
			w.calm()
			for _, o := range all[fresh:] {
				w.paidOrStanding(o)
			}
			w.balanced()
			// The next check starts with enough to pay what waits.
			w.fund(w.some(200))
		})
		w.calm()
		w.settle()
	})
}

// act does one random thing.
func (w *world) act(r *rapid.T, all []swap.Order) []swap.Order {
	w.t.Helper()
	switch rapid.IntRange(0, 11).Draw(r, "act") {
	case 0, 1, 2:
		pay := w.payout
		if rapid.Bool().Draw(r, "in parts") {
			pay = w.payoutOfParts
		}
		o := pay(w.some(rapid.Uint64Range(1, 60).Draw(r, "amount")))
		w.deliver(o)
		return append(all, o)
	case 3:
		if len(all) > 0 {
			w.deliver(all[rapid.IntRange(0, len(all)-1).Draw(r, "again")])
		}
	case 4:
		w.signer.fail(signFault(rapid.IntRange(1, 3).Draw(r, "signer")))
	case 5:
		w.chain.FailBroadcasts(rapid.SampledFrom([]fakechain.Fault{
			fakechain.AnswerLost, fakechain.CallLost, fakechain.Refused}).Draw(r, "broadcast"))
	case 6:
		if w.crashing(rapid.IntRange(1, 25).Draw(r, "crash")) != "" {
			w.restart()
		}
	case 7:
		w.step()
	case 8:
		w.mine(rapid.IntRange(0, 3).Draw(r, "blocks"))
	case 9:
		w.chain.Mine(1)
		w.chain.Reorg(1, rapid.SampledFrom([]fakechain.Fate{fakechain.Return, fakechain.Drop}).Draw(r, "fate"))
		w.chain.Mine(2)
		w.mine(0)
	case 10:
		w.chain.SetBlockRate(rapid.Uint64Range(0, 30).Draw(r, "market"))
	case 11:
		for _, txid := range w.chain.Unconfirmed() {
			w.chain.Evict(txid)
		}
	}
	return all
}

// stepsMost bounds the random acts of one check.
const stepsMost = 14

// calm lets the faults run out and everything that can be paid be paid. Each
// act may have left a fault behind, and a round with one payment uses up one.
func (w *world) calm() {
	w.t.Helper()
	w.chain.SetBlockRate(0)
	for range stepsMost + 6 {
		w.step()
		w.mine(confirmations)
		if w.count(`SELECT count(*) FROM payment WHERE state NOT IN ('final', 'failed')
			AND NOT (state = 'queued' AND reason = $1)`, payment.ReasonFunds) == 0 {
			return
		}
	}
}

func (w *world) paidOrStanding(o swap.Order) {
	w.t.Helper()
	p := w.payment(o.ID)
	if p.State != swap.PaymentQueued {
		w.paidOnce(o)
		return
	}
	if p.Reason != payment.ReasonFunds || p.Attempt != nil || !w.chain.Received(o.Destination).IsZero() {
		w.t.Fatalf("%s stands still because %q (attempt %+v)", o.ID, p.Reason, p.Attempt)
	}
}
