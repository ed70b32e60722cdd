package postgres_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

// Legs are written when they differ from what was read. After each fact, stored in a
// batch of its own, what is loaded is what was folded.
func TestLegsAreStoredAsTheyChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	terms := b.terms(t)
	id := terms.Receipt.SwapID
	payment := func(kind swap.FactKind) swap.Fact {
		return swap.Fact{Kind: kind, SwapID: id, At: swaptest.Start.Add(time.Hour), Payment: &swap.PaymentFact{
			OrderID: swap.PayoutOrderID(id), Purpose: swap.PurposePayout, Amount: terms.Quote.Payout,
			Destination: terms.Receipt.PayoutAddress, TxID: "0x" + id, Height: 9}}
	}
	var c statemachine.Case
	for i, fact := range []swap.Fact{creation(terms), deposit(terms, swap.FactDepositSeen, "0.01"),
		deposit(terms, swap.FactDepositInBlock, "0.01"), deposit(terms, swap.FactDepositConfirmed, "0.01"),
		payment(swap.FactPaymentQueued), payment(swap.FactPaymentBroadcast), payment(swap.FactPaymentConfirmed), payment(swap.FactPaymentFinal)} {
		decoded, err := b.record(t, fact).Fact()
		if err != nil {
			t.Fatal(err)
		}
		f, err := b.handler.Rules.Fold(id, c, []swap.Fact{decoded})
		if err != nil || len(f.Events) != 1 {
			t.Fatalf("%s: %+v, %v", fact.Kind, f.Park, err)
		}
		batch := bus.Batch{Topic: bus.TopicFacts, From: int64(i), Next: int64(i) + 1}
		if err := b.store.Apply(t.Context(), batch, []statemachine.Folded{f}); err != nil {
			t.Fatalf("%s: %v", fact.Kind, err)
		}
		c = b.load(t, id)
		if !slices.Equal(c.Swap.Deposits, f.Swap.Deposits) || !slices.EqualFunc(c.Swap.Payments, f.Swap.Payments, samePayment) {
			t.Errorf("after %s loaded %+v %+v, folded %+v %+v", fact.Kind, c.Swap.Deposits, c.Swap.Payments, f.Swap.Deposits, f.Swap.Payments)
		}
	}
	if c.Swap.State != swap.Settled {
		t.Errorf("swap is %s", c.Swap.State)
	}
}

func samePayment(a, b swap.Payment) bool { return reflect.DeepEqual(a, b) }
