package payment_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// parented reports that the newest attempt of an order spends change that no block had.
func (w *world) parented(o swap.Order) bool {
	w.t.Helper()
	p := w.payment(o.ID)
	return p.Attempt != nil && p.Attempt.Plan.Coins[0].Parent != nil
}

// Setup: a wallet has one coin.
//
// Test: it pays again and again before a block comes, each payment from the change of the one
// before, three in a row at most; the next waits for funds, until a block has them. The change in
// it is good at once, however deep funds have to be.
func TestPaysFromItsOwnChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	w.fund(w.some(500))
	var orders []swap.Order
	for n := range 4 {
		o := w.payout(w.some(10))
		w.deliver(o)
		w.step()
		orders = append(orders, o)
		p := w.payment(o.ID)
		if n == 3 {
			if p.State != swap.PaymentQueued || p.Reason != payment.ReasonFunds {
				t.Fatalf("the fourth is %s because %q", p.State, p.Reason)
			}
			break
		}
		if p.State != swap.PaymentBroadcast || w.parented(o) != (n > 0) {
			t.Fatalf("payment %d is %s because %q", n+1, p.State, p.Reason)
		}
		w.balanced()
	}
	w.mine(1)
	w.balanced()
	w.step()
	if p := w.payment(orders[3].ID); p.State != swap.PaymentBroadcast || w.parented(orders[3]) {
		t.Fatalf("the fourth is %s because %q", p.State, p.Reason)
	}
	w.settle(orders...)
}

// Setup: no block takes a payment, and another one spends its change.
//
// Test: the first is not outbid, which would be the end of the second; that one offers more, for
// both, and both are mined. Until then the store refuses another attempt.
func TestAChildIsRaisedForItsParent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	w.bidding()
	o := w.ordered()
	w.step()
	w.chain.SetBlockRate(8)
	child := w.payout(w.some(300))
	w.deliver(child)
	w.step()
	if !w.parented(child) {
		t.Fatalf("%q", w.payment(child.ID).Reason)
	}
	b, err := w.store.Batch(t.Context(), o.ID)
	w.must(err)
	if _, err := w.store.StoreReplacement(t.Context(), b, b.Attempts[0].Plan, "more"); err == nil {
		t.Fatal("another attempt of what a payment builds on")
	}
	for i := 0; w.payment(o.ID).State == swap.PaymentBroadcast; i++ {
		if i == 20 {
			t.Fatalf("never mined: %s, and %s for its child", w.attempts(o), w.attempts(child))
		}
		w.passed()
	}
	if got := w.attempts(o); got != "mined" || w.payment(child.ID).State != swap.PaymentConfirmed || w.payment(child.ID).Attempt.N == 1 {
		t.Fatalf("%s, and %s for its child", got, w.attempts(child))
	}
	w.ended(child)
	w.settle(o, child)
}

// Change of a batch with several attempts is offered to nobody: another may be mined.
func TestChangeOfRivalsWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	w.bidding()
	o := w.ordered()
	w.step()
	w.chain.SetBlockRate(1000)
	w.passed()
	other := w.payout(w.some(20))
	w.deliver(other)
	w.passed()
	if p := w.payment(other.ID); w.payment(o.ID).Attempt.N < 2 || p.State != swap.PaymentQueued || p.Reason != payment.ReasonFunds {
		t.Fatalf("%s; the other is %s because %q", w.attempts(o), p.State, p.Reason)
	}
	w.chain.SetBlockRate(0)
	w.settle(o, other)
}

// Setup: three payments in a row, each from the change of the one before, are in no block; the
// node forgets them all.
//
// Test: whichever is handed in first, what it builds on goes before it.
func TestParentsAreHandedInBeforeTheirChildren(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	w.fund(w.some(500))
	var orders []swap.Order
	for range 3 {
		o := w.payout(w.some(10))
		w.deliver(o)
		w.step()
		orders = append(orders, o)
	}
	w.chain.Evict(w.payment(orders[0].ID).Attempt.TxID)
	if n := len(w.chain.Unconfirmed()); n != 0 {
		t.Fatalf("%d are left", n)
	}
	b, err := w.store.Batch(t.Context(), orders[2].ID)
	w.must(err)
	if len(b.Before) != 2 {
		t.Fatalf("it builds on %d transactions", len(b.Before))
	}
	for i, o := range orders[:2] {
		if !bytes.Equal(b.Before[i].Raw, w.payment(o.ID).Attempt.Raw) {
			t.Fatalf("transaction %d is another", i)
		}
	}
	w.exec(`UPDATE payment SET queued_at = queued_at - interval '1 day' WHERE order_id = '` + orders[2].ID + `'`)
	w.step()
	if p := w.payment(orders[2].ID); p.Reason != "" || len(w.chain.Unconfirmed()) != 3 {
		t.Fatalf("the last waits because %q, the node has %d", p.Reason, len(w.chain.Unconfirmed()))
	}
	w.settle(orders...)
}

// Setup: a payment and another from its change are in one block; a reorganisation drops it, and
// double-spends what the first was made from, for good.
//
// Test: both are made anew from other coins, the second with the first one's end.
func TestParentAndChildAreMadeAnew(t *testing.T) {
	t.Parallel()
	w, _ := mortal(t)
	w.reorgLimit = 2*confirmations + 1
	w.restart()
	w.fund(w.some(500))
	first, second := w.payout(w.some(20)), w.payout(w.some(10))
	w.sent(first)
	w.sent(second)
	if !w.parented(second) {
		t.Fatal("the second does not spend the first one's change")
	}
	w.mine(1)
	w.chain.Reorg(confirmations+1, fakechain.DoubleSpend)
	w.mine(confirmations + 2)
	w.fund(w.some(300))
	w.mine(deathDepth + confirmations)
	w.paid(first, second)
	w.balanced()
	if n := w.count(`SELECT count(*) FROM death WHERE cardinality(lineage) = 2`); n != 1 {
		t.Errorf("%d deaths by way of another payment", n)
	}
}

// The process dies around each effect of a payment from change in no block.
func TestCrashWhilePayingFromOwnChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	w.fund(w.some(900))
	for n := 1; ; n++ {
		first, second := w.payout(w.some(uint64(10+n))), w.payout(w.some(uint64(11+n)))
		w.deliver(first)
		w.step()
		w.deliver(second)
		where := w.crashing(n)
		w.restart()
		w.step()
		if !w.parented(second) {
			t.Fatalf("after a crash %s it is made from %+v", where, w.payment(second.ID).Attempt)
		}
		w.settle(first, second)
		if where == "" {
			break
		}
	}
}

// built is a payment in no block and another one from its change.
func (w *world) built() (o, child swap.Order) {
	w.t.Helper()
	w.fund(w.some(100))
	o, child = w.payout(w.some(40)), w.payout(w.some(20))
	w.sent(o)
	w.sent(child)
	if !w.parented(child) {
		w.t.Fatal("it is no child")
	}
	return o, child
}

// Setup: a payment and another from its change are in no block; what nodes ask for at least rises
// above both, and they forget them.
//
// Test: no offer of the second can bring it in, since what it builds on is gone: so the first gets
// another attempt, not before three blocks. Nothing else is signed for the second until the end of
// what it builds on is proved; then both have been paid once.
func TestParentThatNodesRefuseIsReplaced(t *testing.T) {
	t.Parallel()
	w, c := mortal(t)
	w.bidding()
	o, child := w.built()
	first := w.payment(o.ID).Attempt
	w.chain.SetMinRate(4)
	w.chain.Evict(first.TxID)
	for blocks := 1; w.payment(o.ID).Attempt.N == 1 || !w.holds(o); blocks++ {
		if w.step(); blocks < 3 && w.payment(o.ID).Attempt.N > 1 || blocks == 20 {
			t.Fatalf("after %d blocks: %s because %q", blocks, w.attempts(o), w.payment(o.ID).Reason)
		}
		w.chain.MineEmpty(1)
		w.mine(0)
		w.step()
	}
	if p := w.payment(child.ID); p.State != swap.PaymentBroadcast || c.asked != 0 {
		t.Fatalf("the second is %s, attestd was asked %d times", p.State, c.asked)
	}
	w.chain.SetMinRate(1)
	w.fund(w.some(90))
	for range deathDepth {
		if w.mine(1); c.asked == 0 && w.payment(child.ID).BatchID != child.ID {
			t.Fatal("the second is planned anew without a word of attestd's")
		}
		w.step()
	}
	w.mine(confirmations)
	w.paid(o, child)
	w.balanced()
	if n := w.count(`SELECT count(*) FROM batch WHERE state = 'dead'`); n != 1 {
		t.Errorf("%d batches are dead", n)
	}
}

// holds reports that the node has the newest attempt of a payment.
func (w *world) holds(o swap.Order) bool {
	w.t.Helper()
	txid := w.payment(o.ID).Attempt.TxID
	return slices.Contains(w.chain.Unconfirmed(), txid)
}

// What is built on a batch keeps it from another attempt as long as the node may have both.
func TestWhatIsBuiltOnABatchLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	o, child := w.built()
	const both = "both"
	for _, row := range []struct {
		whose, answer string
		blocks        int
		builtOn       bool
	}{
		{both, "accepted", 0, true},
		{child.ID, "rejected", 0, true},
		{child.ID, "rejected", 2, true},
		{child.ID, "rejected", 1, false},
		{child.ID, "conflicting", 0, false},
		{child.ID, "unknown", 0, true},
		{child.ID, "", 0, true},
		{child.ID, "accepted", 0, true},
		{o.ID, "rejected", 0, false},
		{o.ID, "unknown", 0, true},
	} {
		w.chain.MineEmpty(row.blocks)
		for range row.blocks {
			w.mine(0)
		}
		w.exec(`UPDATE attempt SET last_answer = '` + row.answer + `' WHERE '` + row.whose + `' IN (batch_id, 'both')`)
		b, err := w.store.Batch(t.Context(), o.ID)
		w.must(err)
		basis, err := w.store.ReplacementBasis(t.Context(), b)
		w.must(err)
		_, refused := w.store.StoreReplacement(t.Context(), b, b.Attempts[0].Plan, "more")
		if basis.BuiltOn != row.builtOn || errors.Is(refused, payment.ErrChanged) != row.builtOn {
			t.Fatalf("%+v: %t, %v", row, basis.BuiltOn, refused)
		}
		w.exec(`DELETE FROM attempt WHERE n > 1`)
	}
}

// Setup: somebody has exchanged the stored bytes of what a payment builds on.
//
// Test: they are handed in for neither, and both say so.
func TestExchangedBytesOfAParentStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	o, child := w.built()
	w.chain.Evict(w.payment(o.ID).Attempt.TxID)
	w.exec(`UPDATE attempt SET raw = raw || '\x00' WHERE batch_id = '` + o.ID + `'`)
	n := len(w.chain.Broadcasts())
	w.step()
	for _, id := range []string{o.ID, child.ID} {
		if p := w.payment(id); !strings.HasPrefix(p.Reason, payment.ReasonBytes) {
			t.Errorf("%s waits because %q", id, p.Reason)
		}
	}
	if got := w.chain.Broadcasts()[n:]; len(got) != 0 {
		t.Fatalf("handed in: %v", got)
	}
}
