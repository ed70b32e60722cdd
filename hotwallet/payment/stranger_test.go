package payment_test

import (
	"testing"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// stolen has somebody else who knows the keys send a transaction of an address of ours into
// a block, with a nonce; it returns its txid.
func (w *world) stolen(from string, path string, nonce uint64, has, takes asset.Units) string {
	w.t.Helper()
	plan, err := w.chain.Plan(w.t.Context(), chain.Funds{Sender: from, SenderPath: path, Nonce: nonce, Balance: has},
		chain.Pay(chain.Output{Destination: w.chain.NewAddress(), Asset: asset.ETH, Units: takes}, w.feeMax))
	w.must(err)
	raw, txid := fakechain.Sign(plan)
	if answer, err := w.chain.Broadcast(w.t.Context(), raw); answer != chain.Accepted {
		w.t.Fatal(answer, err)
	}
	w.mine(1)
	return txid
}

// Setup: a payment is signed, and a stranger's transaction with its nonce is mined first.
//
// Test: the chain halts, and nothing happens to the payment until people have resumed it;
// then it waits until that is there for good, as attestd says, and is paid once with another
// nonce. Who has used the first is kept, and what the books held for it is free.
func TestNonceThatAStrangerUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	c := w.hireCoroner()
	w.restart()
	o := w.ordered()
	if where := w.crashing(6); where == "" {
		t.Fatal("no crash before it is handed in")
	}
	w.restart()
	before := w.payment(o.ID)
	thief := w.stolen(w.funding, before.Attempt.Plan.SenderPath, before.Attempt.Plan.Nonce, w.some(1000), w.some(5))
	if n := w.count(`SELECT count(*) FROM halt`); n != 1 {
		t.Fatal("payments run on after a foreign spend")
	}
	w.mine(deathDepth)
	w.step()
	if p := w.payment(o.ID); p.BatchID != before.BatchID || c.asked != 0 {
		t.Fatalf("it is %s in %q while the chain is halted, attestd was asked %d times", p.State, p.BatchID, c.asked)
	}
	w.resume()
	w.step()
	w.step()
	p := w.payment(o.ID)
	if p.Attempt == nil || p.Attempt.Plan.Nonce != before.Attempt.Plan.Nonce+1 || p.BatchID == before.BatchID {
		t.Fatalf("it is %s in %q because %q", p.State, p.BatchID, p.Reason)
	}
	var spender string
	w.must(w.pool.QueryRow(t.Context(), `SELECT spender FROM death WHERE batch_id = $1`, before.BatchID).Scan(&spender))
	if spender != thief {
		t.Fatalf("%s is kept as the spender, it was %s", spender, thief)
	}
	w.paid(o)
	w.balanced()
	if n := w.count(`SELECT count(*) FROM (SELECT FROM posting WHERE account IN ('in_flight', 'payment_confirming') GROUP BY account, asset HAVING sum(units) <> 0) x`); n != 0 {
		t.Fatal("something is left on its way")
	}
	if got := w.attempts(o); got != "dead" {
		t.Fatalf("the first batch's attempt is %s", got)
	}
}

// Until the stranger's transaction is there for good the payment is not made anew: if its
// block goes, the payment may still be mined, and is, once.
func TestStrangersBlockThatGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	w.hireCoroner()
	w.restart()
	o := w.ordered()
	if where := w.crashing(6); where == "" {
		t.Fatal("no crash before it is handed in")
	}
	w.restart()
	a := w.payment(o.ID).Attempt
	w.stolen(w.funding, a.Plan.SenderPath, a.Plan.Nonce, w.some(1000), w.some(5))
	w.resume()
	w.step()
	if p := w.payment(o.ID); p.BatchID == "" || p.Attempt.TxID != a.TxID || p.Reason != payment.ReasonShallow || w.forPeople(p.Reason) {
		t.Fatalf("after one block it is %s in %q because %q", p.State, p.BatchID, p.Reason)
	}
	w.chain.Reorg(1, fakechain.Drop)
	w.mine(2)
	w.paid(o)
	if n := w.count(`SELECT count(*) FROM deposit_sent`); n != 0 {
		t.Fatalf("%d strangers are known of a block that is gone", n)
	}
	if p := w.payment(o.ID); p.State != swap.PaymentFinal || p.Attempt.TxID != a.TxID {
		t.Fatalf("%s by %s", p.State, p.Attempt.TxID)
	}
}
