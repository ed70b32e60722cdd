package statemachine_test

import (
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/swaptest"
)

// However much dust came before, and however it is told, the real deposit counts.
func TestDustTakesNobodysPlace(t *testing.T) {
	t.Parallel()
	s := created(t)
	for i := range 2 * statemachine.MaxDeposits {
		s.tell(s.deposit(swap.FactDepositSeen, 10+i, "0.00000546", time.Minute))
	}
	if n := len(s.swap.Deposits); n != statemachine.MaxSmall || len(s.park) != 2*statemachine.MaxDeposits-n {
		t.Errorf("%d are recorded, %d parked", n, len(s.park))
	}
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 2*time.Minute))
	s.wants(swap.DepositConfirmed, "", payoutOrder)
}

// Users are told nothing where dust changed nothing for them.
func TestDustIsQuiet(t *testing.T) {
	t.Parallel()
	s := created(t)
	for i := range 3 {
		for _, kind := range []swap.FactKind{swap.FactDepositSeen, swap.FactDepositInBlock, swap.FactDepositConfirmed} {
			if f := s.tell(s.deposit(kind, 10+i, "0.00000546", time.Minute)); len(f.Updates) != 1 || len(f.Told()) != 0 {
				t.Errorf("%s of dust: %d updates are told", kind, len(f.Told()))
			}
		}
	}
	f := s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 2*time.Minute))
	if told := f.Told(); len(told) != 1 || told[0].Version != 11 || len(told[0].Deposits) != 4 {
		t.Errorf("told %+v", told)
	}
}

// Nobody is asked for ever.
func TestAnswersHaveAnEnd(t *testing.T) {
	t.Parallel()
	s := short(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
	for i := 0; s.swap.State != swap.RefundQueued; i++ {
		if i > 20 {
			t.Fatal("asked for ever")
		}
		s.tell(s.answer(swap.AnswerRequote, "tx1", "0.9"))
		if s.swap.State == swap.DepositConfirmed {
			s.tell(s.noPrice(swap.RefusedBelow, "0.16"))
		}
	}
	s.wants(swap.RefundQueued, swap.VerdictShort, "refund 0.00598"+refundTo)
}
