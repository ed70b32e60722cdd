package payment_test

import (
	"context"
	"strings"
	"testing"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

func TestPays(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(w.some(1000), w.some(2000))
		a, b := w.payout(w.some(120)), w.payout(w.some(77))
		w.deliver(a, b)
		w.settle(a, b)
		if n := w.count(`SELECT count(*) FROM attempt WHERE state = 'mined' AND last_answer = 'accepted'`); n != 2 {
			t.Fatalf("%d attempts accepted, want 2", n)
		}
	})
}

// The process dies before or after each outside effect and each write; the next
// one finishes: one payment, the exact amount, balanced books.
func TestCrashAtEachBoundary(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(w.some(1000), w.some(1000))
		var orders []swap.Order
		seen := map[string]bool{}
		for n := 1; ; n++ {
			o := w.payout(w.some(uint64(3 + n)))
			orders = append(orders, o)
			w.deliver(o)
			where := w.crashing(n)
			if where == "" {
				break
			}
			seen[where] = true
			w.restart()
			w.settle(orders...)
		}
		for _, effect := range []string{"StorePlan", "Sign", "StoreSigned", "Broadcast", "StoreAnswer"} {
			if !seen["before "+effect] || !seen["after "+effect] {
				t.Errorf("no crash around %s: %v", effect, seen)
			}
		}
		w.settle(orders...)
	})
}

func TestHaltedChainDoesNothing(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		o := w.ordered()
		if halted, err := w.house.Halt(t.Context(), "alice", "drill"); err != nil || !halted {
			t.Fatalf("halt: %v, %v", halted, err)
		}
		w.step()
		if p := w.payment(o.ID); p.Attempt != nil || w.signer.calls != 0 {
			t.Fatal("planned or signed on a halted chain")
		}
		w.resume()
		// Halted between plan and signature, and again before it is handed in.
		for _, boundary := range []int{2, 4} {
			if where := w.crashing(boundary); where == "" {
				t.Fatalf("no boundary %d", boundary)
			}
			_, err := w.house.Halt(t.Context(), "alice", "drill")
			w.must(err)
			calls := w.signer.calls
			w.restart()
			w.step()
			if w.signer.calls != calls || len(w.chain.Broadcasts()) != 0 {
				t.Fatal("signed or handed in on a halted chain")
			}
			w.resume()
		}
		w.settle(o)
		if n := w.count(`SELECT count(*) FROM staff_action WHERE actor = 'alice'`); n != 6 {
			t.Fatalf("%d staff actions, want 6", n)
		}
	})
}

func (w *world) resume() {
	w.t.Helper()
	if resumed, err := w.house.Resume(context.Background(), "alice", "drill over"); err != nil || !resumed {
		w.t.Fatalf("resume: %v, %v", resumed, err)
	}
}

func (w *world) stands(o swap.Order, reason string) {
	w.t.Helper()
	p := w.payment(o.ID)
	if p.State != swap.PaymentQueued || !strings.HasPrefix(p.Reason, reason) {
		w.t.Fatalf("%s is %s because %q, want queued because %q", o.ID, p.State, p.Reason, reason)
	}
}

func TestWaitsForFunds(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		o := w.payout(w.some(10))
		w.deliver(o)
		w.step()
		w.stands(o, payment.ReasonFunds)
		// Funding in a block is not yet enough.
		w.chain.Pay(w.funding, w.some(1000))
		w.mine(confirmations - 1)
		w.step()
		w.stands(o, payment.ReasonFunds)
		w.mine(1)
		w.settle(o)
	})
}

func TestBroadcastOutcomes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		faults []fakechain.Fault
		state  swap.PaymentState
		reason string
	}{
		"lost on the way":   {[]fakechain.Fault{fakechain.CallLost, fakechain.CallLost}, swap.PaymentBroadcast, ""},
		"answer lost":       {[]fakechain.Fault{fakechain.AnswerLost}, swap.PaymentBroadcast, ""},
		"rejected at first": {[]fakechain.Fault{fakechain.Refused}, swap.PaymentSigned, payment.ReasonRejected},
		"rejected, lost, rejected": {[]fakechain.Fault{fakechain.Refused, fakechain.CallLost, fakechain.Refused},
			swap.PaymentSigned, payment.ReasonRejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, w *world) {
				o := w.ordered()
				w.chain.FailBroadcasts(row.faults...)
				w.step()
				if p := w.payment(o.ID); p.State != row.state || !strings.HasPrefix(p.Reason, row.reason) {
					t.Fatalf("%s, %q", p.State, p.Reason)
				}
				for range row.faults {
					w.step()
				}
				if p := w.payment(o.ID); p.State != swap.PaymentBroadcast || p.Reason != "" {
					t.Fatalf("after it was taken: %s, %q", p.State, p.Reason)
				}
				w.settle(o)
			})
		})
	}
}

// A transaction that the node forgets is handed in again, the same bytes.
func TestRebroadcasts(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		o := w.ordered()
		w.step()
		if !w.chain.Evict(w.payment(o.ID).Attempt.TxID) {
			t.Fatal("it was not in the mempool")
		}
		w.must(w.engine.Round(t.Context()))
		if n := len(w.chain.Broadcasts()); n != 1 {
			t.Fatalf("handed in %d times without a pause", n)
		}
		w.settle(o)
		for _, txid := range w.chain.Broadcasts() {
			if txid != w.payment(o.ID).Attempt.TxID {
				t.Fatal("another transaction was handed in")
			}
		}
	})
}

func TestReorgBringsItBack(t *testing.T) {
	t.Parallel()
	for _, fate := range []fakechain.Fate{fakechain.Return, fakechain.Drop} {
		t.Run(string(fate), func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, w *world) {
				o := w.ordered()
				w.step()
				w.mine(2)
				if p := w.payment(o.ID); p.State != swap.PaymentConfirmed {
					t.Fatalf("%s after a block", p.State)
				}
				w.chain.Reorg(2, fate)
				w.chain.MineEmpty(3)
				w.mine(0)
				if p := w.payment(o.ID); p.State != swap.PaymentBroadcast {
					t.Fatalf("%s after the reorg", p.State)
				}
				w.settle(o)
			})
		})
	}
}

func TestNodeAway(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		o := w.ordered()
		w.chain.SetAway(true)
		w.step()
		w.stands(o, payment.ReasonPlan)
		w.chain.SetAway(false)
		w.settle(o)
	})
}

func TestSignerFaults(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault  signFault
		reason string
	}{
		"away":        {signAway, payment.ReasonSigner},
		"answer lost": {signLost, payment.ReasonSigner},
		"refused":     {signRefused, payment.ReasonRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, w *world) {
				w.fund(w.some(1000), w.some(1000))
				o, later := w.payout(w.some(10)), w.payout(w.some(20))
				w.deliver(o)
				w.signer.fail(row.fault)
				w.step()
				w.stands(o, row.reason)
				kept := row.fault != signRefused // of what was refused nothing was signed
				if p := w.payment(o.ID); kept != (p.Attempt != nil && p.Attempt.State == payment.AttemptPlanned) {
					t.Fatalf("the plan is %+v", p.Attempt)
				}
				w.signer.fail(row.fault)
				w.deliver(later)
				w.step()
				if w.on == asset.Ethereum && kept {
					// Its nonce could not be mined before the other's.
					w.stands(later, payment.ReasonEarlier)
				} else if p := w.payment(later.ID); p.State != swap.PaymentBroadcast {
					t.Fatalf("a payment with other coins is %s", p.State)
				}
				w.settle(o, later)
			})
		})
	}
}

func TestFeeLimit(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		o := w.ordered()
		w.chain.SetFeeRate(3000)
		w.step()
		w.stands(o, payment.ReasonFee)
		w.chain.SetFeeRate(2)
		w.settle(o)
	})
}

// What the signer would refuse ties up nothing: a fee out of proportion, or an
// amount above the limit.
func TestLimitsAreTheSigners(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(w.some(1000))
		small, large, good := w.payout(asset.NewUnits(1000)), w.payout(w.some(201)), w.payout(w.some(200))
		w.deliver(small, large, good)
		c := w.config()
		c.AmountMax = map[asset.ID]asset.Units{w.native(): w.some(200)}
		engine, err := payment.New(c)
		w.must(err)
		w.must(engine.Round(t.Context()))
		w.stands(small, payment.ReasonFee)
		w.stands(large, payment.ReasonAmount)
		if n := w.count(`SELECT count(*) FROM attempt`); n != 1 {
			t.Fatalf("%d plans, want one", n)
		}
		if p := w.payment(good.ID); p.State != swap.PaymentBroadcast {
			t.Fatalf("the good payment is %s", p.State)
		}
	})
}

// A payment mined with failed status has paid nobody: it ends as failed, and its
// nonce is used.
func TestMinedFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	o := w.ordered()
	if where := w.crashing(6); where == "" {
		t.Fatal("no crash before it is handed in")
	}
	w.chain.Fail(w.payment(o.ID).Attempt.TxID)
	w.restart()
	w.step()
	w.mine(confirmations + 1)
	if p := w.payment(o.ID); p.State != swap.PaymentFailed || !w.chain.Received(o.Destination).IsZero() {
		t.Fatalf("%s, received %s", p.State, w.chain.Received(o.Destination))
	}
	next := w.payout(w.some(10))
	w.deliver(next)
	w.settle(next)
}

// Bytes that were changed after they were signed are not handed in, first or again;
// put right, the payment goes on.
func TestChangedBytesAreNotHandedIn(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(w.some(1000), w.some(1001))
		o, other := w.payout(w.some(10)), w.payout(w.some(20))
		w.deliver(o, other)
		swapRaw := func() {
			_, err := w.pool.Exec(t.Context(), `UPDATE attempt a SET raw = b.raw FROM attempt b
				WHERE a.batch_id IN ($1, $2) AND b.batch_id IN ($1, $2) AND a.batch_id <> b.batch_id`, o.ID, other.ID)
			w.must(err)
		}
		w.step()
		w.step()
		swapRaw()
		w.step()
		for _, id := range []string{o.ID, other.ID} {
			if p := w.payment(id); p.State != swap.PaymentBroadcast || !strings.HasPrefix(p.Reason, payment.ReasonBytes) {
				t.Fatalf("%s is %s because %q", id, p.State, p.Reason)
			}
		}
		swapRaw()
		w.settle(o, other)
	})
}

// What the documents do not allow is not planned, whoever ordered it.
func TestAuthority(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(w *world, o *swap.Order)
		reason string
	}{
		"more than quoted": {func(w *world, o *swap.Order) { o.Amount.Units = w.some(11) }, payment.ReasonAuthority},
		"another address":  {func(w *world, o *swap.Order) { o.Destination = w.chain.NewAddress() }, payment.ReasonAuthority},
		"a short deposit":  {func(_ *world, o *swap.Order) { o.Deposits[0].Amount.Units = asset.NewUnits(4_999_999) }, payment.ReasonAuthority},
		"a stranger's quote": {func(w *world, o *swap.Order) {
			w.quoteKey = seedKey("stranger")
			*o = w.payout(w.some(10))
		}, payment.ReasonAuthority},
		"a refund to the payout address": {func(_ *world, o *swap.Order) {
			o.ID, o.Purpose = swap.RefundOrderID(o.Deposits[0].ID), swap.PurposeRefund
		}, payment.ReasonAuthority},
		"a larger deposit than there was": {func(_ *world, o *swap.Order) { o.Deposits[0].Amount.Units = asset.NewUnits(5_000_001) }, payment.ReasonDeposit},
		"no deposit":                      {func(_ *world, o *swap.Order) { o.Deposits[0].ID += "1" }, payment.ReasonDeposit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, w *world) {
				w.fund(w.some(1000))
				o := w.payout(w.some(10))
				row.change(w, &o)
				good := w.payout(w.some(10))
				w.deliver(o, good)
				w.step()
				w.stands(o, row.reason)
				if w.on == asset.Ethereum && w.count(`SELECT next_nonce FROM sender`) > 1 {
					t.Fatal("it took a nonce")
				}
			})
		})
	}
}
