package storetest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/statemachine/consume"
	"ferry/statemachine/deadline"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/ledger"
	"ferry/swap/swaptest"
)

// Store is what swapd uses of a store.
type Store interface {
	consume.Store
	deadline.Store
	LoadOffset(ctx context.Context, topic string, partition int32) (int64, error)
}

// Subject is an empty store, and how to look into it.
type Subject struct {
	Store Store
	// Stale is the error of a guard that fired.
	Stale error
	// Outbox is all that was told, in order.
	Outbox func(t *testing.T) []bus.Message
	// Balance is what stands on an account, debits less credits, in base units.
	Balance func(t *testing.T, account ledger.Account, id asset.ID) string
	// Malformed counts records that were no facts, and Timeline a swap's events.
	Malformed func(t *testing.T) int
	Timeline  func(t *testing.T, swapID string) int
}

// Run runs the suite; each test has a new subject.
func Run(t *testing.T, newSubject func(t *testing.T) Subject) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *bundle){
		"a batch is stored whole":             testWhole,
		"what is loaded is a copy":            testCopy,
		"guards":                              testGuards,
		"what no guard of its own refuses":    testRefused,
		"numbers that were seen":              testSeen,
		"parked facts":                        testParked,
		"records that are no facts":           testMalformed,
		"an offset of each partition":         testOffsets,
		"deadlines are told once and in time": testDeadlines,
		"amendments and what is not settled":  testAmended,
		"requests for prices":                 testRequests,
		"a deadline replaces its namesake":    testReplacedDeadlines,
		"deposits take places of others":      testPlaces,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, setup(t, newSubject(t)))
		})
	}
}

// bundle is a subject with the handler that writes to it.
type bundle struct {
	Subject
	handler consume.Handler
	keys    swaptest.Keys
	next    int64
	seq     int64
}

func setup(t *testing.T, s Subject) *bundle {
	t.Helper()
	keys := swaptest.NewKeys()
	return &bundle{Subject: s, keys: keys, handler: consume.Handler{Store: s.Store, Log: slog.New(slog.DiscardHandler),
		Rules: statemachine.Rules{QuoteKeys: keys.QuoteKeys(), AttestKeys: keys.AttestKeys()}}}
}

func (b *bundle) terms(t *testing.T) swap.Terms { return swaptest.NewTerms(t, b.keys, nil) }

// record wraps a fact under the next number.
func (b *bundle) record(t *testing.T, f swap.Fact) bus.Record {
	t.Helper()
	m, err := bus.FactMessage(f)
	if err != nil {
		t.Fatal(err)
	}
	b.seq++
	return bus.Record{Topic: m.Topic, Key: m.Key, Kind: m.Kind, Source: "test", Seq: b.seq, Time: f.At, Body: m.Body}
}

// batch puts records after what was consumed before.
func (b *bundle) batch(records ...bus.Record) bus.Batch {
	batch := bus.Batch{Topic: bus.TopicFacts, From: b.next, Next: b.next + int64(len(records)), Records: records}
	b.next = batch.Next
	return batch
}

// handle stores facts as one batch.
func (b *bundle) handle(t *testing.T, facts ...swap.Fact) {
	t.Helper()
	var records []bus.Record
	for _, f := range facts {
		records = append(records, b.record(t, f))
	}
	if err := b.handler.Handle(t.Context(), b.batch(records...)); err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) load(t *testing.T, id string) statemachine.Case {
	t.Helper()
	cases, err := b.Store.Load(t.Context(), []string{id})
	if err != nil {
		t.Fatal(err)
	}
	return cases[id]
}

// fold is what follows from facts for a case.
func (b *bundle) fold(t *testing.T, id string, c statemachine.Case, facts ...swap.Fact) statemachine.Folded {
	t.Helper()
	for i := range facts {
		b.seq++
		facts[i].Source, facts[i].Seq = "test", b.seq
	}
	f, err := b.handler.Rules.Fold(id, c, facts)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func creation(terms swap.Terms) swap.Fact {
	return swap.Fact{Kind: swap.FactSwapCreated, SwapID: terms.Receipt.SwapID, At: swaptest.Start,
		Created: &swap.CreatedFact{SignedQuote: terms.SignedQuote, SignedReceipt: terms.SignedReceipt}}
}

func deposit(terms swap.Terms, kind swap.FactKind) swap.Fact {
	at := swaptest.Start.Add(time.Minute)
	return swap.Fact{Kind: kind, SwapID: terms.Receipt.SwapID, At: at, Deposit: &swap.DepositFact{
		DepositID: "bitcoin:" + terms.Receipt.SwapID + ":0", TxID: "tx" + terms.Receipt.SwapID,
		Address: terms.Receipt.DepositAddress, Amount: terms.Quote.Deposit, Confirmations: 3, Needed: 3, Height: 7,
		FirstSeen: at, BlockTime: at, ConfirmedAt: at, DustThreshold: asset.NewUnits(1000)}}
}

// told counts the messages of a topic.
func (b *bundle) told(t *testing.T, topic string) (n int) {
	t.Helper()
	for _, m := range b.Outbox(t) {
		if m.Topic == topic {
			n++
		}
	}
	return n
}
