package statemachine_test

import (
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

// Setup: somebody shows transfers of a token that he has not got, which leave the
// mempool, more than a row takes in other assets, and then more than it takes at all.
// Test: real deposits have their places all the same, in either asset; sightings that
// are still open keep theirs, and those that come after all are as new ones.
func TestSightingsThatNothingCameOf(t *testing.T) {
	t.Parallel()
	s := agreed(t, swap.RefundPolicy(), swaptest.BitcoinAddress)
	s.rules.RefundFees = wrongFees
	vanish := func(from, to int, fact func(kind swap.FactKind, n int) swap.Fact) {
		for n := from; n < to; n++ {
			s.tell(fact(swap.FactDepositSeen, n), fact(swap.FactDepositReplaced, n))
		}
	}
	wrong := func(kind swap.FactKind, n int) swap.Fact { return s.wrong(kind, n, "0.5", time.Minute) }
	own := func(kind swap.FactKind, n int) swap.Fact { return s.deposit(kind, n, "0.003", time.Minute) }
	vanish(100, 100+2*statemachine.MaxWrongAsset, wrong)
	vanish(200, 200+2*statemachine.MaxDeposits, own)
	if n := len(s.swap.Deposits); n != statemachine.MaxDeposits || len(s.park) != 0 {
		t.Fatalf("%d are recorded, %d parked", n, len(s.park))
	}
	for n := range statemachine.MaxWrongAsset {
		s.tell(wrong(swap.FactDepositConfirmed, 10+n))
	}
	if n := len(s.swap.Amended.Mismatches); n != statemachine.MaxWrongAsset || len(s.park) != 0 {
		t.Fatalf("%d wait for their owner, %d are parked", n, len(s.park))
	}
	// One that had been given up comes after all, where no more are taken.
	again := wrong(swap.FactDepositSeen, 100)
	if out := s.tell(again); len(out.Park) != 1 {
		t.Error("a sighting that came again is counted by nobody")
	}
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.004", 2*time.Minute), s.deposit(swap.FactDepositConfirmed, 2, "0.006", 2*time.Minute))
	s.wants(swap.DepositConfirmed, "", payoutOrder)
	if n := len(s.swap.Deposits); n != statemachine.MaxDeposits {
		t.Errorf("%d deposits in the end", n)
	}
}

// Test: what is open, was in a block or has been judged keeps its place, and of dust only
// dust takes the place.
func TestPlacesThatAreKept(t *testing.T) {
	t.Parallel()
	s := created(t)
	vanished := func(n int, amount string) {
		s.tell(s.seen(n, amount, 1), s.deposit(swap.FactDepositReplaced, n, amount, time.Minute))
	}
	for n := range statemachine.MaxSmall {
		s.tell(s.deposit(swap.FactDepositSeen, 1000+n, "0.00000546", time.Minute))
	}
	vanished(1, "0.003")
	s.tell(s.seen(2, "0.003", 1), s.confirmed(3, "0.003", 1))
	mined := s.deposit(swap.FactDepositReplaced, 4, "0.003", time.Minute)
	mined.Deposit.Height = 7
	s.tell(mined)
	if out := s.tell(s.seen(2000, "0.00000546", 2)); len(out.Park) != 1 {
		t.Error("dust took the place of something else")
	}
	for n := len(s.swap.Deposits); n < statemachine.MaxDeposits; n++ {
		s.tell(s.seen(3000+n, "0.003", 3))
	}
	s.tell(s.seen(5, "0.003", 4))
	if d := s.swap.Deposits[statemachine.MaxSmall]; d.TxID != "tx5" || d.Amount != swaptest.Amount(asset.BTC, "0.003") {
		t.Errorf("in the place of the abandoned one is %s of %s", d.Amount, d.TxID)
	}
	if out := s.tell(s.seen(6, "0.003", 4)); len(out.Park) != 1 {
		t.Error("a deposit that is not abandoned has lost its place")
	}
	vanished(2, "0.003")
	if d := s.swap.Deposits[statemachine.MaxSmall+1]; d.TxID != "tx6" {
		t.Errorf("the parked one did not take the place that became free: %s has it", d.TxID)
	}
}
