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

// Dust that comes together is told of once, and with whatever comes with it.
func TestDustIsQuiet(t *testing.T) {
	t.Parallel()
	s := created(t)
	var facts []swap.Fact
	for i := range 30 {
		facts = append(facts, s.deposit(swap.FactDepositSeen, 10+i, "0.00000546", time.Minute))
	}
	told := s.tell(facts...).Told()
	if len(told) != 1 || told[0].Version != 31 || len(told[0].Deposits) != 30 {
		t.Errorf("told %d updates", len(told))
	}
	told = s.tell(s.deposit(swap.FactDepositConfirmed, 10, "0.00000546", time.Minute), s.deposit(swap.FactDepositConfirmed, 1, "0.01", 2*time.Minute),
		s.deposit(swap.FactDepositConfirmed, 11, "0.00000546", 3*time.Minute)).Told()
	if len(told) != 2 || told[0].State != swap.DepositConfirmed || told[1].Version != 34 {
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
