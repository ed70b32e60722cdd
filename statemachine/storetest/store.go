package storetest

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/ledger"
	"ferry/swap/swaptest"
)

// Setup: a swap is created, its deposit seen and confirmed, in one batch.
// Test: the row, timeline, books and outbox are what was decided.
func testWhole(t *testing.T, b *bundle) {
	terms := b.terms(t)
	id := terms.Receipt.SwapID
	b.handle(t, creation(terms), deposit(terms, swap.FactDepositSeen), deposit(terms, swap.FactDepositConfirmed))
	got := b.load(t, id).Swap
	if got == nil || got.State != swap.DepositConfirmed || got.Version != 3 || got.Seen["test"] != 3 || len(got.Deposits) != 1 ||
		len(got.Payments) != 1 || !reflect.DeepEqual(got.Terms, terms) || !got.UpdatedAt.Equal(swaptest.Start.Add(time.Minute)) {
		t.Fatalf("loaded %+v", got)
	}
	if orders, updates, events := b.told(t, bus.TopicOrders), b.told(t, bus.TopicUpdates), b.Timeline(t, id); orders != 1 || updates != 3 || events != 3 {
		t.Errorf("%d orders, %d updates, %d events", orders, updates, events)
	}
	for account, want := range map[ledger.Account]string{ledger.SwapDeposit(id): "0", ledger.Clearing: "1000000", ledger.Inventory: "-1000000"} {
		if got := b.Balance(t, account, asset.BTC); got != want {
			t.Errorf("%s is %s, want %s", account, got, want)
		}
	}
	if got := b.Balance(t, ledger.SwapPayout(id), asset.ETH); got != "-280000000000000000" {
		t.Errorf("the payout owed is %s", got)
	}
}

// Test: who changes what was loaded changes nothing that is stored.
func testCopy(t *testing.T, b *bundle) {
	terms := b.terms(t)
	id := terms.Receipt.SwapID
	b.handle(t, creation(terms), deposit(terms, swap.FactDepositConfirmed))
	loaded := b.load(t, id).Swap
	loaded.Seen["test"], loaded.Deposits[0].Verdict, loaded.Payments[0].State = 99, swap.VerdictDust, swap.PaymentFailed
	if again := b.load(t, id).Swap; again.Seen["test"] != 2 || again.Deposits[0].Verdict != swap.VerdictCounted || again.Payments[0].State != swap.PaymentQueued {
		t.Errorf("loaded again: %+v", again)
	}
	if unknown := b.load(t, b.terms(t).Receipt.SwapID); unknown.Swap != nil || unknown.Parked != nil {
		t.Errorf("an unknown swap is %+v", unknown)
	}
}

// Test: a record that was published twice, in a later batch and within one, has its
// effect once.
func testSeen(t *testing.T, b *bundle) {
	terms := b.terms(t)
	id := terms.Receipt.SwapID
	first, seen := b.record(t, creation(terms)), b.record(t, deposit(terms, swap.FactDepositSeen))
	last := b.record(t, deposit(terms, swap.FactDepositConfirmed))
	for _, batch := range []bus.Batch{b.batch(first, seen, seen), b.batch(seen, last, last), b.batch(first, last)} {
		if err := b.handler.Handle(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.load(t, id).Swap; got.Version != 3 || b.Timeline(t, id) != 3 || b.told(t, bus.TopicOrders) != 1 {
		t.Errorf("version %d, %d events, %d orders", got.Version, b.Timeline(t, id), b.told(t, bus.TopicOrders))
	}
}

// Test: facts before their swap wait, in the order they came, and leave when they
// are applied; told again meanwhile they are not parked twice.
func testParked(t *testing.T, b *bundle) {
	terms := b.terms(t)
	id := terms.Receipt.SwapID
	seen, confirmed := b.record(t, deposit(terms, swap.FactDepositSeen)), b.record(t, deposit(terms, swap.FactDepositConfirmed))
	for _, batch := range []bus.Batch{b.batch(seen), b.batch(confirmed), b.batch(seen)} {
		if err := b.handler.Handle(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	waiting := b.load(t, id)
	if len(waiting.Parked) != 2 || waiting.Parked[0].Seq != 1 || waiting.Parked[0].Source != "test" || waiting.Parked[1].Kind != swap.FactDepositConfirmed {
		t.Fatalf("parked %+v", waiting.Parked)
	}
	b.handle(t, creation(terms))
	if got := b.load(t, id); len(got.Parked) != 0 || got.Swap.State != swap.DepositConfirmed || got.Swap.Version != 3 {
		t.Errorf("%d facts still wait; swap %+v", len(got.Parked), got.Swap)
	}
}

// Test: what is no fact is kept aside, and the rest of its batch applied.
func testMalformed(t *testing.T, b *bundle) {
	terms := b.terms(t)
	garbage := bus.Record{Topic: bus.TopicFacts, Key: "k", Kind: "swap.created", Source: "x", Seq: 1, Body: []byte(`{"kind":"nonsense"}`)}
	if err := b.handler.Handle(t.Context(), b.batch(garbage, b.record(t, creation(terms)))); err != nil {
		t.Fatal(err)
	}
	if n := b.Malformed(t); n != 1 || b.load(t, terms.Receipt.SwapID).Swap == nil {
		t.Errorf("%d malformed records are kept", n)
	}
}

// Test: each partition of a topic has an offset of its own, 0 at first.
func testOffsets(t *testing.T, b *bundle) {
	for p, next := range map[int32]int64{0: 7, 3: 5} {
		if err := b.Store.Apply(t.Context(), bus.Batch{Topic: bus.TopicFacts, Partition: p, Next: next}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for p, want := range map[int32]int64{0: 7, 1: 0, 3: 5} {
		if got, err := b.Store.LoadOffset(t.Context(), bus.TopicFacts, p); err != nil || got != want {
			t.Errorf("partition %d is at %d (%v), want %d", p, got, err, want)
		}
	}
}

// Test: many sweepers at once tell each deadline once, and none before it is due.
func testDeadlines(t *testing.T, b *bundle) {
	const swaps = 20
	var facts []swap.Fact
	for range swaps {
		facts = append(facts, creation(b.terms(t)))
	}
	b.handle(t, facts...)
	if n, err := b.Store.TellDue(t.Context(), swaptest.Start, 100); err != nil || n != 0 {
		t.Fatalf("told %d before they were due: %v", n, err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for n := 1; n > 0; {
				var err error
				if n, err = b.Store.TellDue(t.Context(), swaptest.Start.Add(time.Hour), 3); err != nil || n > 3 {
					t.Errorf("told %d: %v", n, err)
					return
				}
			}
		})
	}
	wg.Wait()
	keys := map[string]int{}
	for _, m := range b.Outbox(t) {
		if m.Kind == string(swap.FactDeadlinePassed) {
			keys[m.Key]++
			if f, err := (bus.Record{Topic: m.Topic, Key: m.Key, Kind: m.Kind, Body: m.Body}).Fact(); err != nil || f.Deadline.Name != swap.DeadlineDepositBy {
				t.Errorf("told %s: %v", m.Body, err)
			}
		}
	}
	if len(keys) != swaps || b.told(t, bus.TopicFacts) != swaps {
		t.Errorf("%d swaps were told, %d facts", len(keys), b.told(t, bus.TopicFacts))
	}
	if n, err := b.Store.TellDue(t.Context(), swaptest.Start.Add(2*time.Hour), 100); err != nil || n != swaps {
		t.Errorf("%d of the later deadlines were left: %v", n, err)
	}
}
