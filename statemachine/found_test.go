package statemachine_test

import (
	"strings"
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/swaptest"
)

// What simulation and reading have found about matters that are not settled, each as
// the shortest story of it.

// wantReason checks state and reason.
func (s *story) wantReason(state swap.State, reason string) {
	s.t.Helper()
	if s.swap.State != state || s.swap.Reason != reason {
		s.t.Errorf("the swap is %s (%q), want %s (%q)", s.swap.State, s.swap.Reason, state, reason)
	}
}

// The chain takes back what the user was asked about: it is held for that, and asked
// about again once it is there again.
func TestTakenBackWhileTheUserIsAsked(t *testing.T) {
	t.Parallel()
	s := agreed(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.011", time.Minute))
	s.wantReason(swap.Held, statemachine.ReasonOver)
	s.tell(s.deposit(swap.FactDepositReorged, 1, "0.011", 2*time.Minute))
	s.wantReason(swap.Held, statemachine.ReasonReorged)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.011", 3*time.Minute))
	s.wantReason(swap.Held, statemachine.ReasonOver)
	s.wantMismatch(swap.WaitAnswer, "user")
}

// Staff asks for a price while a refund waits for its address: the reason is the
// deposit's again.
func TestReasonWhileAPriceIsAskedFor(t *testing.T) {
	t.Parallel()
	s := agreed(t, swap.RefundPolicy(), "")
	s.rules.StaffAlone = always.StaffAlone
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.011", time.Minute))
	s.wantReason(swap.Held, statemachine.ReasonNoAddress)
	s.tell(s.staff("ada", swap.StaffRequote, "r1"))
	s.wantReason(swap.DepositConfirmed, statemachine.ReasonOver)
}

// The refund address is set while the deposit is taken back: it is refunded as soon as
// it is there again, and not at the next reminder.
func TestAddressSetWhileTakenBack(t *testing.T) {
	t.Parallel()
	s := agreed(t, swap.RefundPolicy(), "")
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.011", time.Minute), s.deposit(swap.FactDepositReorged, 1, "0.011", 2*time.Minute))
	s.tell(s.refundAddress(swaptest.BitcoinAddress))
	s.wants(swap.Held, swap.VerdictOver)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.011", 4*time.Minute))
	s.wants(swap.RefundQueued, swap.VerdictOver, "refund 0.01098"+refundTo)
	s.mature(swap.Refunded)
}

// A matter whose deposit never comes back costs no fact each ten minutes for ever: its
// wait begins again when the deposit is there again.
func TestNothingIsDueWhileTakenBack(t *testing.T) {
	t.Parallel()
	s := agreed(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.011", time.Minute), s.deposit(swap.FactDepositReorged, 1, "0.011", 2*time.Minute))
	by := s.wantMismatch(swap.WaitAnswer, "chain").By
	if f := s.tell(s.waitOver("bitcoin:tx1:0")); len(f.Deadlines) != 0 {
		t.Errorf("another deadline: %+v", f.Deadlines)
	}
	f := s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.011", 3*time.Minute))
	again := s.wantMismatch(swap.WaitAnswer, "user").By
	if !again.After(by.Add(time.Hour)) || len(f.Deadlines) != 1 || !f.Deadlines[0].Due.Equal(again) {
		t.Errorf("then it is waited until %s, with deadlines %+v", again, f.Deadlines)
	}
}

// A payout at a new price is no refund: what is said of a swap that comes back to it.
func TestRequotedSwapIsResumedWithoutAReason(t *testing.T) {
	t.Parallel()
	s := agreed(t, policyOf(swap.AnswerRequote), swaptest.BitcoinAddress)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.011", time.Minute))
	s.tell(s.price("0.308"))
	s.wantReason(swap.DepositConfirmed, "")
	s.tell(s.payment(swap.FactPaymentQueued, 0), s.deposit(swap.FactDepositReorged, 1, "0.011", 3*time.Minute))
	s.wantReason(swap.DepositDetected, "")
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.011", 4*time.Minute))
	s.wantReason(swap.DepositConfirmed, "")
	s.mature(swap.Settled)
}

// The policy is to refund, and the little that is too much can't be had at the locked
// rate: the user is not asked.
func TestPolicyToRefundIsNotAsked(t *testing.T) {
	t.Parallel()
	for _, why := range []string{swap.RefusedBeyond, swap.RefusedUnavailable} {
		s := agreed(t, swap.RefundPolicy(), swaptest.BitcoinAddress)
		s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01000001", time.Minute))
		s.wantMismatch(swap.WaitPrice, "ferry")
		s.tell(s.noPrice(why, ""))
		s.wants(swap.RefundQueued, swap.VerdictOver, "refund 0.00998001"+refundTo)
	}
}

// A part beside an exact deposit is told of once.
func TestNoteOfPartsBeside(t *testing.T) {
	t.Parallel()
	s := agreed(t, swap.RefundPolicy(), swaptest.BitcoinAddress)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.004", time.Minute), s.deposit(swap.FactDepositConfirmed, 2, "0.01", 2*time.Minute))
	if note := s.all.Events[2].Note; strings.Count(note, "counted") != 1 || strings.Count(note, "extra") != 1 {
		t.Errorf("the note is %q", note)
	}
}

// Where the chain took back what a price is asked for, the terms say until when it is
// waited for.
func TestTakenBackIsWaitedForByTheTerms(t *testing.T) {
	t.Parallel()
	s := agreed(t, policyOf(swap.AnswerRequote), swaptest.BitcoinAddress)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.011", time.Minute), s.deposit(swap.FactDepositReorged, 1, "0.011", 2*time.Minute))
	s.wantMismatch(swap.WaitPrice, "chain")
	if u := s.all.Updates[len(s.all.Updates)-1]; !u.By.Equal(s.terms.Receipt.ConfirmBy) {
		t.Errorf("it is waited for until %s, want %s", u.By, s.terms.Receipt.ConfirmBy)
	}
}

// Postgres keeps microseconds: a deadline that it has cut short still ends its wait.
func TestDeadlineCutToMicroseconds(t *testing.T) {
	t.Parallel()
	s := agreed(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.011", time.Minute+999*time.Nanosecond))
	due := s.wantMismatch(swap.WaitAnswer, "user").By.Truncate(time.Microsecond)
	s.tell(s.deadline(swap.DeadlineMismatch("bitcoin:tx1:0"), due))
	s.wants(swap.RefundQueued, swap.VerdictOver, "refund 0.01098"+refundTo)
}
