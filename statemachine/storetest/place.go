package storetest

import (
	"fmt"
	"testing"

	"ferry/statemachine"
	"ferry/swap"
)

// Setup: a swap's row is full of sightings that nothing came of.
// Test: new deposits take their places, one that was displaced may come again, and what
// is loaded is what was decided, in its order.
func testPlaces(t *testing.T, b *bundle) {
	terms := b.terms(t)
	id := terms.Receipt.SwapID
	sighting := func(kind swap.FactKind, n int) swap.Fact {
		f := deposit(terms, kind)
		told := *f.Deposit
		told.TxID = fmt.Sprintf("sighting%d", n)
		told.DepositID, told.Height = "bitcoin:"+told.TxID+":0", 0
		f.Deposit = &told
		return f
	}
	facts := []swap.Fact{creation(terms)}
	for n := range statemachine.MaxDeposits {
		facts = append(facts, sighting(swap.FactDepositSeen, n))
	}
	b.handle(t, facts...)
	b.handle(t, sighting(swap.FactDepositReplaced, 3), sighting(swap.FactDepositReplaced, 5), sighting(swap.FactDepositReplaced, 7))
	want := map[int]int{3: 203, 5: 3, 7: 205}
	b.handle(t, sighting(swap.FactDepositSeen, 203))
	// 203 leaves again and 205 takes its place, in one batch; so does 3, in that of 5.
	b.handle(t, sighting(swap.FactDepositSeen, 3), sighting(swap.FactDepositReplaced, 203), sighting(swap.FactDepositSeen, 205),
		sighting(swap.FactDepositSeen, 203))
	want[3], want[7] = 205, 203
	c := b.load(t, id)
	if len(c.Swap.Deposits) != statemachine.MaxDeposits || len(c.Parked) != 0 {
		t.Fatalf("%d deposits, %d facts are parked", len(c.Swap.Deposits), len(c.Parked))
	}
	for i, d := range c.Swap.Deposits {
		n, moved := want[i]
		if !moved {
			n = i
		}
		if d.TxID != fmt.Sprintf("sighting%d", n) || d.State != swap.DepositSeen {
			t.Errorf("in place %d is %s, %s; want sighting%d", i, d.TxID, d.State, n)
		}
	}
	b.handle(t, sighting(swap.FactDepositSeen, 300))
	if c := b.load(t, id); len(c.Parked) != 1 {
		t.Errorf("%d facts are parked where no place is left, want one", len(c.Parked))
	}
}
