package statemachine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

// confirmed, seen and gone are facts about deposit n at a minute after Start.
func (s *story) confirmed(n int, amount string, minute int) swap.Fact {
	return s.deposit(swap.FactDepositConfirmed, n, amount, time.Duration(minute)*time.Minute)
}

func (s *story) seen(n int, amount string, minute int) swap.Fact {
	return s.deposit(swap.FactDepositSeen, n, amount, time.Duration(minute)*time.Minute)
}

func (s *story) gone(n int, amount string, minute int) swap.Fact {
	return s.deposit(swap.FactDepositReorged, n, amount, time.Duration(minute)*time.Minute)
}

// depositBy is the deadline's fact; the window is 20 minutes, the limit to confirm 120.
func (s *story) depositBy() swap.Fact {
	return s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy)
}

func (s *story) confirmBy() swap.Fact {
	return s.deadline(swap.DeadlineConfirmBy, s.terms.Receipt.ConfirmBy)
}

// verdicts are those of all deposits, in the order they were first told of.
func (s *story) verdicts(want ...swap.Verdict) {
	s.t.Helper()
	var got []swap.Verdict
	for _, d := range s.swap.Deposits {
		got = append(got, d.Verdict)
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("verdicts are %q, want %q", got, want)
	}
}

// settle lets the one payout run to its end.
func (s *story) settle() {
	s.t.Helper()
	s.tell(s.payment(swap.FactPaymentQueued, 0), s.payment(swap.FactPaymentBroadcast, 0), s.payment(swap.FactPaymentFinal, 0))
	if s.swap.State != swap.Settled {
		s.t.Errorf("it is %s, not settled", s.swap.State)
	}
	if got := balance(s, ledger.SwapDeposit(s.swap.ID)); got != "0" {
		s.t.Errorf("%s of its deposits is left", got)
	}
}

func (s *story) last() swap.Update { return s.all.Updates[len(s.all.Updates)-1] }

func refundOf(amount string) string { return "refund " + amount + refundTo }

// Two deposits add up: the first is booked and asks the user for the rest, the
// second is seen, and then one payout uses both up, in one form.
func TestToppedUp(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.seen(2, "0.006", 1))
	s.wants(swap.DepositDetected, "")
	s.tell(s.confirmed(2, "0.006", 2))
	s.wants(swap.AwaitingDeposit, "")
	u := s.last()
	if u.Actor != "user" || u.By != s.terms.Receipt.DepositBy ||
		!strings.Contains(u.Message, "0.006 BTC of 0.01 BTC is here. Send the missing 0.004 BTC to the same address by 2026-01-02 03:24:05 UTC") {
		t.Errorf("%s by %s is told %q", u.Actor, u.By, u.Message)
	}
	wantOwed(t, s, "-600000", "0", "0")
	s.tell(s.seen(1, "0.004", 3))
	s.wants(swap.DepositDetected, "")
	if u := s.last(); strings.Contains(u.Message, "Send the missing") || !strings.Contains(u.Message, "0.006 BTC of 0.01 BTC is here") {
		t.Errorf("while the rest confirms the user is told %q", u.Message)
	}
	s.tell(s.confirmed(1, "0.004", 4))
	s.wants(swap.DepositConfirmed, swap.VerdictToppedUp, payoutOrder)
	s.verdicts(swap.VerdictToppedUp, swap.VerdictToppedUp)
	if ids := s.all.Orders[0].DepositIDs(); !slices.Equal(ids, []string{"bitcoin:tx1:0", "bitcoin:tx2:0"}) {
		t.Errorf("the order uses up %v", ids)
	}
	s.tell(s.confirmed(3, "0.01", 5))
	s.wants(swap.DepositConfirmed, "", payoutOrder, refundOf("0.00998"))
	s.settle()
}

// Dust between the parts touches nothing, until it is exactly what was asked for.
func TestThreePartsWithDustBetween(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.confirmed(1, "0.005", 1), s.confirmed(2, "0.00000546", 1), s.confirmed(3, "0.004985", 2), s.confirmed(4, "0.00001499", 3))
	s.wants(swap.AwaitingDeposit, "")
	s.tell(s.seen(5, "0.000015", 4))
	s.wants(swap.DepositDetected, "")
	s.tell(s.confirmed(5, "0.000015", 5))
	s.wants(swap.DepositConfirmed, "", payoutOrder)
	s.verdicts(swap.VerdictToppedUp, swap.VerdictDust, swap.VerdictToppedUp, swap.VerdictDust, swap.VerdictToppedUp)
	if got := balance(s, ledger.DustQuarantine); got != "-2045" {
		t.Errorf("quarantine holds %s", got)
	}
	s.settle()
}

// What is short by less than the chain's threshold can't be asked for.
func TestTooLittleMissingToAskFor(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.confirmed(1, "0.00999001", 1))
	s.wants(swap.RefundQueued, swap.VerdictShort, refundOf("0.00997001"))
	s = created(t)
	s.tell(s.confirmed(1, "0.00999", 1))
	s.wants(swap.AwaitingDeposit, "")
}

// The time is over: each part goes back by itself, and the swap is refunded once
// the last refund is final.
func TestShortAtTheDeadline(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.confirmed(1, "0.006", 1), s.confirmed(2, "0.003", 2), s.depositBy())
	back := []string{refundOf("0.00598"), refundOf("0.00298")}
	s.wants(swap.RefundQueued, swap.VerdictShort, back...)
	if s.swap.Reason != statemachine.ReasonShort {
		t.Errorf("reason is %q", s.swap.Reason)
	}
	s.tell(s.confirmed(3, "0.001", 3))
	s.verdicts(swap.VerdictShort, swap.VerdictShort, swap.VerdictExtra)
}

// The second deposit is too much: both go back. States follow both refunds.
func TestOverByTheSecondPart(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.confirmed(1, "0.006", 1), s.confirmed(2, "0.005", 2))
	s.wants(swap.RefundQueued, swap.VerdictOver, refundOf("0.00598"), refundOf("0.00498"))
	s.verdicts(swap.VerdictOver, swap.VerdictOver)
	for _, step := range []struct {
		fact  swap.Fact
		state swap.State
	}{
		{s.payment(swap.FactPaymentQueued, 1), swap.RefundQueued},
		{s.payment(swap.FactPaymentBroadcast, 1), swap.RefundBroadcast},
		{s.payment(swap.FactPaymentFinal, 1), swap.RefundBroadcast},
		{s.payment(swap.FactPaymentBroadcast, 0), swap.RefundBroadcast},
		{s.payment(swap.FactPaymentFinal, 0), swap.Refunded},
		{s.payment(swap.FactPaymentReorged, 1), swap.RefundBroadcast},
		{s.payment(swap.FactPaymentFinal, 1), swap.Refunded},
	} {
		s.tell(step.fact)
		if s.swap.State != step.state {
			t.Fatalf("after %s of %s it is %s, want %s", step.fact.Kind, step.fact.Payment.OrderID, s.swap.State, step.state)
		}
	}
	wantClosed(t, s)
}

// One of two refunds fails: held, until its failure is taken back.
func TestOneRefundOfTwoFails(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.confirmed(1, "0.006", 1), s.confirmed(2, "0.005", 2))
	s.tell(s.payment(swap.FactPaymentFinal, 0), s.payment(swap.FactPaymentFailed, 1))
	if s.swap.State != swap.Held || s.swap.Reason != statemachine.ReasonRefundFailed {
		t.Fatalf("it is %s because %q", s.swap.State, s.swap.Reason)
	}
	s.tell(s.payment(swap.FactPaymentReorged, 1))
	if s.swap.State != swap.RefundBroadcast || s.swap.Reason != statemachine.ReasonOver {
		t.Fatalf("it is %s because %q", s.swap.State, s.swap.Reason)
	}
}

// A deposit of the whole amount is counted, whichever came first: small coins of
// others can't spoil it.
func TestExactBesideAPart(t *testing.T) {
	t.Parallel()
	for name, amounts := range map[string][2]string{"part first": {"0.006", "0.01"}, "exact first": {"0.01", "0.006"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := created(t)
			s.tell(s.confirmed(1, amounts[0], 1), s.confirmed(2, amounts[1], 2))
			s.wants(swap.DepositConfirmed, "", payoutOrder, refundOf("0.00598"))
			if amounts[0] == "0.01" {
				s.verdicts(swap.VerdictCounted, swap.VerdictExtra)
			} else {
				s.verdicts(swap.VerdictExtra, swap.VerdictCounted)
			}
			s.tell(s.payment(swap.FactPaymentFinal, 1))
			s.settle()
			wantClosed(t, s)
		})
	}
}

// A part that was seen in time is waited for after deposit_by, until confirm_by.
func TestLivePartAtTheDeadline(t *testing.T) {
	t.Parallel()
	waiting := func(t *testing.T) *story {
		s := created(t)
		s.tell(s.confirmed(1, "0.006", 1), s.seen(2, "0.004", 19), s.depositBy())
		s.wants(swap.DepositDetected, "")
		return s
	}
	t.Run("confirms", func(t *testing.T) {
		t.Parallel()
		s := waiting(t)
		s.tell(s.confirmed(2, "0.004", 90))
		s.wants(swap.DepositConfirmed, swap.VerdictToppedUp, payoutOrder)
	})
	t.Run("is too little", func(t *testing.T) {
		t.Parallel()
		s := created(t)
		s.tell(s.confirmed(1, "0.006", 1), s.seen(2, "0.003", 19), s.depositBy())
		s.tell(s.confirmed(2, "0.003", 90))
		s.wants(swap.RefundQueued, swap.VerdictShort, refundOf("0.00598"), refundOf("0.00298"))
	})
	t.Run("is replaced", func(t *testing.T) {
		t.Parallel()
		s := waiting(t)
		s.tell(s.deposit(swap.FactDepositReplaced, 2, "0.004", 30*time.Minute))
		s.wants(swap.RefundQueued, swap.VerdictShort, refundOf("0.00598"))
	})
	t.Run("is replaced before, and that is told after the deadline, which was told at once", func(t *testing.T) {
		t.Parallel()
		s := created(t)
		over := s.depositBy()
		over.At = s.terms.Receipt.DepositBy
		s.tell(s.confirmed(1, "0.006", 1), s.seen(2, "0.004", 19), over)
		s.wants(swap.DepositDetected, "")
		s.tell(s.deposit(swap.FactDepositReplaced, 2, "0.004", 19*time.Minute))
		s.wants(swap.RefundQueued, swap.VerdictShort, refundOf("0.00598"))
	})
	t.Run("never confirms", func(t *testing.T) {
		t.Parallel()
		s := waiting(t)
		s.tell(s.confirmBy())
		s.wants(swap.RefundQueued, swap.VerdictShort, refundOf("0.00598"))
		s.tell(s.confirmed(2, "0.004", 130))
		s.wants(swap.RefundQueued, "", refundOf("0.00598"), refundOf("0.00398"))
		s.verdicts(swap.VerdictShort, swap.VerdictExtra)
	})
}

// A late deposit goes back by itself and leaves alone what came in time.
func TestLatePart(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.confirmed(1, "0.006", 1), s.seen(2, "0.004", 19), s.depositBy(), s.confirmed(3, "0.004", 25))
	s.wants(swap.DepositDetected, "", refundOf("0.00398"))
	s.tell(s.payment(swap.FactPaymentBroadcast, 0), s.payment(swap.FactPaymentFinal, 0))
	s.wants(swap.DepositDetected, "", refundOf("0.00398"))
	s.tell(s.confirmed(2, "0.004", 30))
	s.wants(swap.DepositConfirmed, "", refundOf("0.00398"), payoutOrder)
	s.verdicts(swap.VerdictToppedUp, swap.VerdictToppedUp, swap.VerdictLate)
}

// Both parts came in time and are told of after the swap expired.
func TestPartsToldAfterExpiry(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.depositBy())
	s.wants(swap.Expired, "")
	s.tell(s.seen(1, "0.006", 18), s.seen(2, "0.004", 19))
	s.wants(swap.DepositDetected, "")
	s.tell(s.confirmed(1, "0.006", 18))
	s.wants(swap.DepositDetected, "")
	s.tell(s.confirmed(2, "0.004", 19))
	s.wants(swap.DepositConfirmed, swap.VerdictToppedUp, payoutOrder)

	// One that is told of when the other is refunded already goes back too.
	s = created(t)
	s.tell(s.confirmed(1, "0.006", 1), s.depositBy(), s.seen(2, "0.004", 19))
	s.wants(swap.RefundQueued, swap.VerdictShort, refundOf("0.00598"))
	s.tell(s.confirmed(2, "0.004", 21))
	s.wants(swap.RefundQueued, "", refundOf("0.00598"), refundOf("0.00398"))
	s.verdicts(swap.VerdictShort, swap.VerdictExtra)
}

// More parts than an order may use up: the next is extra, unless it is the amount.
func TestTooManyParts(t *testing.T) {
	t.Parallel()
	s := created(t)
	for n := range swap.MaxOrderDeposits {
		s.tell(s.confirmed(n+1, "0.0001", 1))
	}
	s.wants(swap.AwaitingDeposit, "")
	s.tell(s.confirmed(101, "0.005", 2))
	s.wants(swap.AwaitingDeposit, "", refundOf("0.00498"))
	s.tell(s.confirmed(102, "0.01", 3))
	if n := len(s.all.Orders); n != 2+swap.MaxOrderDeposits || s.swap.State != swap.DepositConfirmed {
		t.Fatalf("%d orders, %s", n, s.swap.State)
	}
}

// As many parts as an order may use up, with the last of them.
func TestMostParts(t *testing.T) {
	t.Parallel()
	s := created(t)
	for n := range swap.MaxOrderDeposits {
		s.tell(s.confirmed(n+1, "0.0002", 1))
	}
	s.wants(swap.DepositConfirmed, swap.VerdictToppedUp, payoutOrder)
	if o := s.all.Orders[0]; len(o.Deposits) != swap.MaxOrderDeposits {
		t.Errorf("the order uses up %d deposits", len(o.Deposits))
	}
	s.settle()
}

// A reorganisation takes a part back before there is a verdict: what is missing
// rises, nobody is asked to send it again, and it is a part again when it is back.
func TestPartIsTakenBackBeforeTheVerdict(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.confirmed(1, "0.006", 1), s.gone(1, "0.006", 2))
	s.wants(swap.DepositDetected, "")
	wantOwed(t, s, "0", "0", "0")
	s.tell(s.confirmed(2, "0.004", 3))
	s.wants(swap.DepositDetected, "")
	wantOwed(t, s, "-400000", "0", "0")
	s.tell(s.depositBy())
	s.wants(swap.DepositDetected, "")
	s.tell(s.seen(1, "0.006", 30), s.confirmed(1, "0.006", 31))
	s.wants(swap.DepositConfirmed, swap.VerdictToppedUp, payoutOrder)
	s.settle()

	s = created(t)
	s.tell(s.confirmed(1, "0.006", 1), s.confirmed(2, "0.003", 1), s.gone(1, "0.006", 2), s.depositBy(), s.confirmBy())
	s.wants(swap.RefundQueued, "", refundOf("0.00298"))
	s.tell(s.confirmed(1, "0.006", 200))
	s.verdicts(swap.VerdictExtra, swap.VerdictShort)
}

// Both parts are taken back after the payout was ordered, and come back in any
// order: the exchange is booked again when both are there, and the order goes on.
func TestPartsAreTakenBackAfterTheVerdict(t *testing.T) {
	t.Parallel()
	amounts := []string{"", "0.006", "0.004"}
	for _, out := range [][]int{{1}, {2}, {1, 2}, {2, 1}} {
		for _, first := range out {
			t.Run(fmt.Sprint(out, first), func(t *testing.T) {
				t.Parallel()
				s := created(t)
				s.tell(s.confirmed(1, "0.006", 1), s.confirmed(2, "0.004", 2))
				s.tell(s.payment(swap.FactPaymentQueued, 0))
				back := []int{first}
				for _, n := range out {
					s.tell(s.gone(n, amounts[n], 3))
					s.wants(swap.DepositDetected, swap.VerdictToppedUp, payoutOrder)
					if n != first {
						back = append(back, n)
					}
				}
				if f := s.tell(s.payment(swap.FactPaymentBroadcast, 0)); len(f.Park) != 1 {
					t.Error("a payment is followed whose deposits are gone")
				}
				for i, n := range back {
					s.wants(swap.DepositDetected, "", payoutOrder)
					s.tell(s.confirmed(n, amounts[n], 4+i))
				}
				s.wants(swap.PayoutBroadcast, swap.VerdictToppedUp, payoutOrder)
				wantOwed(t, s, "0", owed, "0")
				s.settle()
			})
		}
	}
}

// One part is double-spent for good: the swap is held at the limit, with the other
// part booked.
func TestPartIsGoneForGood(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.confirmed(1, "0.006", 1), s.confirmed(2, "0.004", 2), s.gone(2, "0.004", 3), s.confirmBy())
	if s.swap.State != swap.Held || s.swap.Reason != statemachine.ReasonReorged {
		t.Fatalf("it is %s because %q", s.swap.State, s.swap.Reason)
	}
	wantOwed(t, s, "-600000", "0", "0")
	s.tell(s.confirmed(2, "0.004", 300))
	s.wants(swap.DepositConfirmed, "", payoutOrder)
	wantOwed(t, s, "0", owed, "0")
}

// Both parts are lost after the payout was sent, and recovered one by one.
func TestPartsAreLost(t *testing.T) {
	t.Parallel()
	for _, order := range [][2]int{{1, 2}, {2, 1}} {
		s := created(t)
		amounts := []string{"", "0.006", "0.004"}
		s.tell(s.confirmed(1, "0.006", 1), s.confirmed(2, "0.004", 2))
		s.tell(s.payment(swap.FactPaymentBroadcast, 0))
		s.tell(s.reorged(1, "0.006", 3*time.Minute), s.reorged(2, "0.004", 3*time.Minute))
		s.wants(swap.Held, "", payoutOrder)
		wantOwed(t, s, "0", owed, "1000000")
		s.tell(s.confirmed(order[0], amounts[order[0]], 4))
		s.wants(swap.Held, "", payoutOrder)
		s.tell(s.confirmed(order[1], amounts[order[1]], 5))
		s.wants(swap.PayoutBroadcast, "", payoutOrder)
		wantOwed(t, s, "0", owed, "0")
	}
}

// One of two refunds was sent when the other's deposit is taken back: the swap waits
// for it, is held at the limit, and goes on where its refunds stand.
func TestRefundedPartIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, held := range []bool{false, true} {
		s := created(t)
		s.tell(s.confirmed(1, "0.006", 1), s.confirmed(2, "0.005", 2))
		s.tell(s.payment(swap.FactPaymentBroadcast, 0))
		refunds := []string{refundOf("0.00598"), refundOf("0.00498")}
		s.wants(swap.RefundBroadcast, "", refunds...)
		s.tell(s.gone(2, "0.005", 3))
		s.wants(swap.DepositDetected, "", refunds...)
		if held {
			s.tell(s.confirmBy())
			s.wants(swap.Held, "", refunds...)
		}
		s.tell(s.confirmed(2, "0.005", 4))
		s.wants(swap.RefundBroadcast, "", refunds...)
		s.tell(s.payment(swap.FactPaymentFinal, 0), s.payment(swap.FactPaymentFinal, 1))
		s.wants(swap.Refunded, "", refunds...)
		wantClosed(t, s)
	}
}

// The same parts in any order of their confirmations settle the same swap.
func TestPartsInAnyOrder(t *testing.T) {
	t.Parallel()
	amounts := []string{"0.002", "0.003", "0.0005", "0.0045"}
	for _, turn := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}} {
		s := created(t)
		for _, n := range turn {
			s.tell(s.confirmed(n, amounts[n], 1))
		}
		s.wants(swap.DepositConfirmed, swap.VerdictToppedUp, payoutOrder)
		want := []string{"bitcoin:tx0:0", "bitcoin:tx1:0", "bitcoin:tx2:0", "bitcoin:tx3:0"}
		if total, err := s.all.Orders[0].Total(); err != nil || total.Units.Cmp(asset.NewUnits(1_000_000)) != 0 || !slices.Equal(s.all.Orders[0].DepositIDs(), want) {
			t.Errorf("%v: the order uses up %v, %s (%v)", turn, s.all.Orders[0].DepositIDs(), total, err)
		}
	}
}
