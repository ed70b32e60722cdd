package statemachine_test

import (
	"strings"
	"testing"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/ledger"
	"ferry/swap/swaptest"
)

// noted checks what the timeline says of the newest fact.
func (s *story) noted(words string) {
	s.t.Helper()
	if note := s.all.Events[len(s.all.Events)-1].Note; !strings.Contains(note, words) {
		s.t.Errorf("the note is %q, want %q in it", note, words)
	}
}

func TestStaffNeedsASecond(t *testing.T) {
	t.Parallel()
	s := short(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
	s.tell(s.staff("alice", swap.StaffRefund, "r1"))
	s.wants(swap.Held, swap.VerdictShort)
	s.noted("waits for the approval")
	s.tell(s.staff("alice", swap.StaffRefund, "r1"))
	s.noted("already")
	s.tell(s.staff("alice", "", "r1"))
	s.noted("somebody else has to approve")
	s.tell(s.staff("bob", "", "r2"))
	s.noted("no such request")
	s.wants(swap.Held, swap.VerdictShort)
	s.tell(s.staff("bob", "", "r1"))
	s.noted("Approved by bob")
	s.wants(swap.RefundQueued, swap.VerdictShort, "refund 0.00598"+refundTo)
	s.tell(s.staff("carol", "", "r1"))
	s.noted("no such request")
	s.mature(swap.Refunded)
}

func TestStaffRequestLapses(t *testing.T) {
	t.Parallel()
	s := short(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
	s.tell(s.staff("alice", swap.StaffRefund, "r1"))
	s.tell(s.deadline(swap.DeadlineApproval("r1"), s.swap.Amended.Staff[0].By))
	s.noted("lapsed")
	s.tell(s.staff("bob", "", "r1"))
	s.noted("no such request")
	s.wants(swap.Held, swap.VerdictShort)
	for i := range 25 {
		s.tell(s.staff("alice", swap.StaffRefund, "many"+string(rune('a'+i))))
	}
	s.noted("20 requests wait")
}

func TestStaffActsAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		action swap.StaffAction
		tell   func(*story)
		state  swap.State
		note   string
	}{
		{"note", swap.StaffNote, nil, swap.Held, "Note by alice: a case"},
		{"refund", swap.StaffRefund, nil, swap.RefundQueued, "refund by alice"},
		{"requote", swap.StaffRequote, nil, swap.DepositConfirmed, "requote by alice"},
		{"retry", swap.StaffRetry, nil, swap.DepositConfirmed, "retry by alice"},
		{"write off what can be sent back", swap.StaffWriteOff, nil, swap.Held, "Refused: nothing waits for a refund address"},
		{"release what waits", swap.StaffRelease, nil, swap.Held, "Refused: it waits for an answer"},
		{"unknown", "burn", nil, swap.Held, "Refused: action"},
		{"refund twice", swap.StaffRefund, func(s *story) { s.tell(s.staff("bob", swap.StaffRefund, "before")) }, swap.RefundQueued, "Refused: nothing waits"},
		{"requote what is paid", swap.StaffRequote, func(s *story) { s.tell(s.staff("bob", swap.StaffRefund, "before")) }, swap.RefundQueued, "Refused: nothing waits"},
		{"write off what is paid", swap.StaffWriteOff, func(s *story) { s.tell(s.staff("bob", swap.StaffRefund, "before")) }, swap.RefundQueued, "Refused: nothing waits for a refund address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := short(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
			s.rules.StaffAlone = always.StaffAlone
			if c.tell != nil {
				c.tell(s)
			}
			s.tell(s.staff("alice", c.action, "r1"))
			s.noted(c.note)
			if u := s.all.Updates[len(s.all.Updates)-1]; strings.Contains(u.Message, "alice") || strings.Contains(u.Message, "a case") {
				t.Errorf("the user reads what staff say: %s", u.Message)
			}
			if s.swap.State != c.state || len(s.swap.Amended.Staff) != 0 {
				t.Errorf("state %s, requests %v", s.swap.State, s.swap.Amended.Staff)
			}
		})
	}
}

// What was written off stays in the books, follows its deposit's reorganisations, and
// has nobody to act.
func TestWrittenOff(t *testing.T) {
	t.Parallel()
	s := short(t, swap.RefundPolicy(), "")
	s.rules.StaffAlone = always.StaffAlone
	s.tell(s.staff("alice", swap.StaffWriteOff, "r1"))
	if got := balance(s, ledger.WrittenOff); got != "-600000" || s.swap.Reason != statemachine.ReasonWrittenOff {
		t.Errorf("written off are %s, reason %s", got, s.swap.Reason)
	}
	if u := s.all.Updates[len(s.all.Updates)-1]; u.Actor != "nobody" {
		t.Errorf("next to act is %s", u.Actor)
	}
	s.tell(s.deposit(swap.FactDepositReorged, 1, "0.006", 0))
	if got := balance(s, ledger.WrittenOff); got != "0" {
		t.Errorf("taken back, written off are %s", got)
	}
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.006", 0))
	if got := balance(s, ledger.WrittenOff); got != "-600000" {
		t.Errorf("given back, written off are %s", got)
	}
	s.tell(s.staff("alice", swap.StaffRelease, "r2"))
	s.noted("Refused")
	s.wants(swap.Held, swap.VerdictShort)
}

// A deposit lost after its payout holds the swap; staff may let it go on.
func TestStaffReleasesALoss(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.rules.StaffAlone = always.StaffAlone
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 0))
	s.tell(s.payment(swap.FactPaymentFinal, 0))
	s.wants(swap.Settled, swap.VerdictCounted, payoutOrder)
	s.tell(s.staff("alice", swap.StaffRelease, "r1"))
	s.noted("Refused: the swap is not held")
	s.tell(s.reorged(1, "0.01", 0))
	s.wants(swap.Held, swap.VerdictCounted, payoutOrder)
	s.tell(s.staff("alice", swap.StaffRelease, "r2"))
	s.wants(swap.Settled, swap.VerdictCounted, payoutOrder)

	s = created(t)
	s.rules.StaffAlone = always.StaffAlone
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 0))
	s.tell(s.payment(swap.FactPaymentFailed, 0))
	s.tell(s.staff("alice", swap.StaffRelease, "r1"))
	s.noted("Refused: no payment")
	s.tell(s.staff("alice", swap.StaffRequote, "r2"))
	s.noted("Refused: the failed payment has its price")
	s.wants(swap.Held, swap.VerdictCounted, payoutOrder)
}
