package statemachine_test

import (
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
