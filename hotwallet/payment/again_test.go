package payment_test

import (
	"context"
	"strings"
	"testing"

	"ferry/hotwallet/attest"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// deathDepth is how deep a failed transaction must be here until its payment is made anew.
const deathDepth = 6

// coroner is attestd's look at the test's chain.
type coroner struct {
	w       *world
	witness *attest.Witness
	asked   int
}

func (w *world) hireCoroner() *coroner {
	w.t.Helper()
	witness, err := attest.NewWitness(attest.WitnessConfig{Nodes: map[asset.Chain][]attest.Node{w.on: {{Reader: w.chain, Identified: w.chain}}},
		Rules: swap.DepositRules{Confirmations: map[asset.Chain]int64{w.on: confirmations}, Dead: map[asset.Chain]int64{w.on: deathDepth}}})
	w.must(err)
	c := &coroner{w: w, witness: witness}
	w.coroner = c
	return c
}

// AttestDeath implements payment.Coroner.
func (c *coroner) AttestDeath(ctx context.Context, r payment.DeathRequest) (string, error) {
	c.asked++
	if r.FencingToken == 0 {
		return "", swap.Refuse(swap.CodeRefused, "fencing_token", "1", "The caller holds no lease.")
	}
	end, err := c.witness.LookForDeath(ctx, attest.Spend{Chain: r.Chain, Anchor: r.Anchor, Spent: r.Spent, Lineage: r.Lineage, Spender: r.Spender, Block: r.Block})
	if err != nil {
		return "", err
	}
	return swap.SignDeathAttestation(swap.DeathAttestation{Chain: r.Chain, Anchor: r.Anchor, Spent: r.Spent, Spender: r.Spender, Failed: end.Failed,
		Height: r.Block.Height, BlockHash: r.Block.Hash, Depth: end.Depth, Finality: end.Finality, Software: end.Software,
		IssuedAt: swap.Millis(c.w.clock.Now())}, c.w.attest)
}

// failed has an order's transaction be mined without effect, deep enough to be told.
func (w *world) failed(o swap.Order) {
	w.t.Helper()
	if where := w.crashing(6); where == "" {
		w.t.Fatal("no crash before it is handed in")
	}
	w.chain.Fail(w.payment(o.ID).Attempt.TxID)
	w.restart()
	w.step()
	w.mine(confirmations)
	if p := w.payment(o.ID); p.State != swap.PaymentFailed {
		w.t.Fatalf("it is %s", p.State)
	}
}

func again(o swap.Order, n int) swap.Order {
	o.Retry = n
	return o
}

// Setup: a payment is mined with failed status, and is ordered again.
//
// Test: it stays failed until that is as deep as no reorganisation goes, with a reason;
// then it is made anew with the next nonce, under the same order, and is paid once. It may
// fail a second time. The books are right all along.
func TestFailedPaymentIsMadeAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	c := w.hireCoroner()
	w.restart()
	o := w.ordered()
	w.failed(o)
	w.step()
	if c.asked != 0 || w.payment(o.ID).State != swap.PaymentFailed {
		t.Fatal("nobody has ordered it again")
	}
	w.deliver(again(o, 1))
	w.step()
	if p := w.payment(o.ID); p.State != swap.PaymentFailed || !strings.HasPrefix(p.Reason, payment.ReasonAlive) || p.Order.Retry != 1 {
		t.Fatalf("it is %s because %q", p.State, p.Reason)
	}
	w.mine(deathDepth - confirmations)
	w.step()
	if p := w.payment(o.ID); p.State != swap.PaymentQueued || p.BatchID != "" {
		t.Fatalf("it is %s in %q because %q", p.State, p.BatchID, p.Reason)
	}
	w.failed(o)
	w.deliver(again(o, 1), again(o, 2), again(o, 2))
	w.mine(deathDepth)
	for range 3 {
		w.step()
		w.mine(confirmations + 1)
	}
	if p := w.payment(o.ID); p.State != swap.PaymentFinal || w.received(o) != o.Amount.Units {
		t.Fatalf("it is %s because %q, and %s was received", p.State, p.Reason, w.received(o))
	}
	if n := w.count(`SELECT count(*) FROM batch WHERE state = 'dead' AND $1 = ANY (orders)`, o.ID); n != 2 {
		t.Errorf("%d batches are dead", n)
	}
	for retry, want := range []string{"payment.queued payment.broadcast payment.failed", "payment.queued payment.broadcast payment.failed",
		"payment.queued payment.broadcast payment.confirmed payment.final"} {
		if got := w.kinds(o, retry); got != want {
			t.Errorf("under retry %d these were told: %s, want %s", retry, got, want)
		}
	}
	w.balanced()
}

// kinds are the facts told of an order under a retry, in their order.
func (w *world) kinds(o swap.Order, retry int) string {
	w.t.Helper()
	var told string
	w.must(w.pool.QueryRow(w.t.Context(), `SELECT string_agg(kind, ' ' ORDER BY xid, id) FROM outbox
		WHERE body::jsonb #>> '{payment,order_id}' = $1 AND coalesce((body::jsonb #>> '{payment,retry}')::int, 0) = $2`, o.ID, retry).Scan(&told))
	return told
}

// Setup: a large payment failed and was ordered again, and the node's blocks are deep, but not
// final. Test: it waits with what it waits for, and takes no nonce and asks no signer for what
// that would refuse; once the block is final, it is made anew.
func TestALargePaymentIsMadeAnewOnceItsEndIsFinal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	w.hireCoroner()
	w.restart()
	o := w.ordered()
	rules := w.rules()
	rules.FinalizedAbove = map[asset.ID]asset.Units{asset.ETH: asset.NewUnits(1)}
	w.must(w.store.SetRules(rules))
	w.chain.StallFinality(true)
	w.failed(o)
	w.must(w.store.SetRules(rules))
	w.deliver(again(o, 1))
	w.mine(deathDepth)
	asked := w.signer.calls
	for range 3 {
		w.step()
	}
	if p := w.payment(o.ID); p.State != swap.PaymentFailed || !strings.HasPrefix(p.Reason, payment.ReasonAlive) || !strings.Contains(p.Reason, "finalized") {
		t.Fatalf("it is %s because %q", p.State, p.Reason)
	}
	if w.signer.calls != asked {
		t.Errorf("the signer was asked %d times", w.signer.calls-asked)
	}
	w.chain.StallFinality(false)
	w.mine(100)
	for range 3 {
		w.step()
		w.mine(confirmations + 1)
	}
	if p := w.payment(o.ID); p.State != swap.PaymentFinal || w.received(o) != o.Amount.Units {
		t.Fatalf("it is %s because %q", p.State, p.Reason)
	}
}

// An order told again changes nothing about a payment that has not failed, and one that
// nobody knows is refused: it may have been paid before the rows were lost.
func TestOrderedAgainTooEarly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	c := w.hireCoroner()
	w.restart()
	o := w.ordered()
	w.deliver(again(o, 1))
	if p := w.payment(o.ID); p.State != swap.PaymentQueued || p.Order.Retry != 1 {
		t.Fatalf("it is %s, ordered again %d times", p.State, p.Order.Retry)
	}
	unknown, other := again(w.payout(w.some(20)), 1), again(o, 2)
	other.Amount.Units = asset.NewUnits(7)
	w.deliver(unknown, other)
	if n := w.count(`SELECT count(*) FROM payment`); n != 1 {
		t.Fatalf("%d payments", n)
	}
	if n := w.count(`SELECT count(*) FROM staff_action WHERE action = 'alarm.order_refused'`); n != 2 {
		t.Errorf("%d alarms", n)
	}
	for range 3 {
		w.step()
		w.mine(confirmations + 1)
	}
	w.paidOnce(o)
	w.deliver(again(o, 2))
	w.step()
	w.paidOnce(o)
	w.balanced()
	if c.asked != 0 {
		t.Errorf("attestd was asked %d times", c.asked)
	}
}
