package storetest

import (
	"errors"
	"testing"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/ledger"
)

// Setup: two swaps; one has a deposit seen, and facts are decided on what is stored.
// Test: a batch that was decided on something else is stale and leaves nothing
// behind; the same batch with nothing wrong is stored.
func testGuards(t *testing.T, b *bundle) {
	terms, other := b.terms(t), b.terms(t)
	id := terms.Receipt.SwapID
	b.handle(t, creation(terms), creation(other), deposit(other, swap.FactDepositConfirmed))
	stale := b.load(t, id)
	b.handle(t, deposit(terms, swap.FactDepositSeen))
	confirmed := func(c statemachine.Case) statemachine.Folded {
		return b.fold(t, id, c, deposit(terms, swap.FactDepositConfirmed))
	}
	next := bus.Batch{Topic: bus.TopicFacts, From: b.next, Next: b.next + 1}

	good := confirmed(b.load(t, id))
	foreign := confirmed(b.load(t, id))
	foreign.Swap.Payments[0].OrderID = swap.PayoutOrderID(other.Receipt.SwapID)
	gone := confirmed(b.load(t, id))
	gone.Unpark = []swap.Fact{{SwapID: id, Source: "x", Seq: 1}}
	again := confirmed(b.load(t, id))
	again.Events[0].Fact.Seq = 1
	booked := confirmed(b.load(t, id))
	booked.Entries[0].Key = "deposit:bitcoin:" + other.Receipt.SwapID + ":0"
	double := b.fold(t, id, statemachine.Case{}, creation(terms))
	before := len(b.Outbox(t))
	for _, c := range []struct {
		name   string
		batch  bus.Batch
		folded statemachine.Folded
	}{
		{"offset moved", bus.Batch{Topic: bus.TopicFacts, From: 0, Next: 9}, good},
		{"offset ahead", bus.Batch{Topic: bus.TopicFacts, From: b.next + 5, Next: b.next + 9}, good},
		{"version changed", next, confirmed(stale)},
		{"swap made twice", next, double},
		{"order of another swap", next, foreign},
		{"parked fact gone", next, gone},
		{"fact in the timeline", next, again},
		{"entry booked before", next, booked},
	} {
		if err := b.Store.Apply(t.Context(), c.batch, []statemachine.Folded{c.folded}); !errors.Is(err, b.Stale) {
			t.Errorf("%s: %v, want stale", c.name, err)
		}
		b.unchanged(t, c.name, id, before)
	}
	if err := b.Store.Apply(t.Context(), next, []statemachine.Folded{good}); err != nil {
		t.Errorf("the same batch with nothing wrong: %v", err)
	}
	if got := b.load(t, id).Swap; got.State != swap.DepositConfirmed {
		t.Errorf("then the swap is %s", got.State)
	}
}

// unchanged demands that a refused batch left nothing behind.
func (b *bundle) unchanged(t *testing.T, name, id string, outbox int) {
	t.Helper()
	if after := len(b.Outbox(t)); after != outbox {
		t.Errorf("%s: %d messages in the outbox, want %d", name, after, outbox)
	}
	if next, err := b.Store.LoadOffset(t.Context(), bus.TopicFacts, 0); err != nil || next != b.next {
		t.Errorf("%s: the offset is %d (%v), want %d", name, next, err, b.next)
	}
	got := b.load(t, id).Swap
	if got.State != swap.DepositDetected || got.Version != 2 || len(got.Payments) != 0 || b.Timeline(t, id) != 2 {
		t.Errorf("%s: the swap is %s at %d with %d payments", name, got.State, got.Version, len(got.Payments))
	}
	if sum := b.Balance(t, ledger.SwapDeposit(id), asset.BTC); sum != "0" {
		t.Errorf("%s: the deposit account is %s", name, sum)
	}
}

// Test: books that do not balance and a swap that owes less than nothing are refused,
// and that is no reason to read again.
func testRefused(t *testing.T, b *bundle) {
	terms := b.terms(t)
	id := terms.Receipt.SwapID
	b.handle(t, creation(terms), deposit(terms, swap.FactDepositSeen))
	unbalanced := b.fold(t, id, b.load(t, id), deposit(terms, swap.FactDepositConfirmed))
	unbalanced.Entries[0].Postings = unbalanced.Entries[0].Postings[:1]
	overdrawn := b.fold(t, id, b.load(t, id), deposit(terms, swap.FactDepositConfirmed))
	overdrawn.Entries = append(overdrawn.Entries, ledger.Transfer("x", "x", id, ledger.SwapDeposit(id), ledger.Inventory, terms.Quote.Deposit))
	before := len(b.Outbox(t))
	for name, folded := range map[string]statemachine.Folded{"unbalanced": unbalanced, "overdrawn": overdrawn} {
		err := b.Store.Apply(t.Context(), bus.Batch{Topic: bus.TopicFacts, From: b.next, Next: b.next + 1}, []statemachine.Folded{folded})
		if err == nil || errors.Is(err, b.Stale) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
		b.unchanged(t, name, id, before)
	}
}
