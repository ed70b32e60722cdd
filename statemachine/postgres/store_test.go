package postgres_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/migrations/pgtest"
	"ferry/statemachine"
	"ferry/statemachine/consume"
	"ferry/statemachine/postgres"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/ledger"
	"ferry/swap/swaptest"
)

// bundle is a store on a schema of its own with the handler that writes to it.
type bundle struct {
	pool    *pgxpool.Pool
	store   *postgres.Store
	handler consume.Handler
	keys    swaptest.Keys
	next    int64
	seq     int64
}

func setup(t *testing.T) *bundle {
	t.Helper()
	keys := swaptest.NewKeys()
	pool := pgtest.New(t, "swap")
	store := postgres.New(pool)
	return &bundle{pool: pool, store: store, keys: keys, handler: consume.Handler{Store: store, Log: slog.New(slog.DiscardHandler),
		Rules: statemachine.Rules{QuoteKeys: keys.QuoteKeys(), AttestKeys: keys.AttestKeys()}}}
}

// terms are of a swap with an address of its own.
func (b *bundle) terms(t *testing.T) swap.Terms { return swaptest.NewTerms(t, b.keys, nil) }

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
	batch := bus.Batch{Topic: bus.TopicFacts, Partition: 0, From: b.next, Next: b.next + int64(len(records)), Records: records}
	b.next = batch.Next
	return batch
}

func creation(terms swap.Terms) swap.Fact {
	return swap.Fact{Kind: swap.FactSwapCreated, SwapID: terms.Receipt.SwapID, At: swaptest.Start,
		Created: &swap.CreatedFact{SignedQuote: terms.SignedQuote, SignedReceipt: terms.SignedReceipt}}
}

func deposit(terms swap.Terms, kind swap.FactKind, amount string) swap.Fact {
	at := swaptest.Start.Add(time.Minute)
	id := "bitcoin:" + terms.Receipt.SwapID + ":0"
	return swap.Fact{Kind: kind, SwapID: terms.Receipt.SwapID, At: at, Deposit: &swap.DepositFact{DepositID: id,
		TxID: "tx" + terms.Receipt.SwapID, Address: terms.Receipt.DepositAddress, Amount: swaptest.Amount(asset.BTC, amount),
		Confirmations: 3, Needed: 3, Height: 7, FirstSeen: at, BlockTime: at, ConfirmedAt: at, DustThreshold: asset.NewUnits(1000)}}
}

func (b *bundle) count(t *testing.T, sql string, args ...any) int {
	t.Helper()
	var n int
	if err := b.pool.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (b *bundle) load(t *testing.T, id string) statemachine.Case {
	t.Helper()
	cases, err := b.store.Load(t.Context(), []string{id})
	if err != nil {
		t.Fatal(err)
	}
	return cases[id]
}

// What is loaded is what was decided, and everything that follows is stored with it.
func TestApplyAndLoad(t *testing.T) {
	t.Parallel()
	b := setup(t)
	terms := b.terms(t)
	batch := b.batch(b.record(t, creation(terms)), b.record(t, deposit(terms, swap.FactDepositSeen, "0.01")),
		b.record(t, deposit(terms, swap.FactDepositConfirmed, "0.01")))
	if err := b.handler.Handle(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	got := b.load(t, terms.Receipt.SwapID).Swap
	if got == nil || got.State != swap.DepositConfirmed || got.Version != 3 || got.Seen["test"] != 3 ||
		len(got.Deposits) != 1 || len(got.Payments) != 1 || !reflect.DeepEqual(got.Terms, terms) {
		t.Fatalf("loaded %+v", got)
	}
	for sql, want := range map[string]int{
		"SELECT count(*) FROM swap_event": 3, "SELECT count(*) FROM deadline": 2, "SELECT count(*) FROM entry": 2,
		"SELECT count(*) FROM outbox WHERE topic = 'ferry.orders'": 1, "SELECT count(*) FROM outbox WHERE topic = 'ferry.updates'": 3,
		"SELECT count(*) FROM (SELECT asset FROM posting GROUP BY asset HAVING sum(units) <> 0) AS off": 0,
	} {
		if n := b.count(t, sql); n != want {
			t.Errorf("%s: %d, want %d", sql, n, want)
		}
	}
	if n := b.count(t, "SELECT owed FROM swap_balance WHERE account = $1", string(ledger.SwapDeposit(terms.Receipt.SwapID))); n != 0 {
		t.Errorf("deposit account owes %d, want 0", n)
	}
}

// Two facts for one swap in one batch, one of them stale by its number: the fresh
// one has its effect, once.
func TestStaleFactInABatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	terms := b.terms(t)
	first := b.record(t, creation(terms))
	seen := b.record(t, deposit(terms, swap.FactDepositSeen, "0.01"))
	for _, batch := range []bus.Batch{b.batch(first, seen), b.batch(seen, b.record(t, deposit(terms, swap.FactDepositConfirmed, "0.01")))} {
		if err := b.handler.Handle(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.load(t, terms.Receipt.SwapID).Swap; got.Version != 3 || got.State != swap.DepositConfirmed {
		t.Errorf("swap is %s at version %d, want deposit_confirmed at 3", got.State, got.Version)
	}
}

// Each guard fires and leaves nothing behind: moved offset, changed version, a
// swap made twice, an order that belongs to another swap, a parked fact gone.
func TestGuards(t *testing.T) {
	t.Parallel()
	b := setup(t)
	terms := b.terms(t)
	id := terms.Receipt.SwapID
	if err := b.handler.Handle(t.Context(), b.batch(b.record(t, creation(terms)))); err != nil {
		t.Fatal(err)
	}
	stale := b.load(t, id)
	fold := func(c statemachine.Case, facts ...bus.Record) []statemachine.Folded {
		var decoded []swap.Fact
		for _, r := range facts {
			f, err := r.Fact()
			if err != nil {
				t.Fatal(err)
			}
			decoded = append(decoded, f)
		}
		f, err := b.handler.Rules.Fold(id, c, decoded)
		if err != nil {
			t.Fatal(err)
		}
		return []statemachine.Folded{f}
	}
	seen := b.record(t, deposit(terms, swap.FactDepositSeen, "0.01"))
	if err := b.handler.Handle(t.Context(), b.batch(seen)); err != nil {
		t.Fatal(err)
	}
	confirmed := b.record(t, deposit(terms, swap.FactDepositConfirmed, "0.01"))
	good := bus.Batch{Topic: bus.TopicFacts, From: b.next, Next: b.next + 1}
	taken := fold(b.load(t, id), confirmed)
	if _, err := b.pool.Exec(t.Context(), `INSERT INTO swap SELECT 'other', state, version, signed_quote, signed_receipt, 'q', pair, deposit_units,
		payout_units, 'a', payout_address, refund_address, reason, seen, created_at, updated_at FROM swap`); err != nil {
		t.Fatal(err)
	}
	foreign := fold(b.load(t, id), confirmed)
	foreign[0].Swap.Payments[0].OrderID = "payout:other"
	if _, err := b.pool.Exec(t.Context(), `INSERT INTO payment VALUES ('payout:other', 'other', 'payout', 1, 'queued', '', 0, '{}')`); err != nil {
		t.Fatal(err)
	}
	gone := fold(b.load(t, id), confirmed)
	gone[0].Unpark = []swap.Fact{{SwapID: id, Source: "x", Seq: 1}}
	before := b.count(t, "SELECT count(*) FROM outbox")
	for _, c := range []struct {
		name   string
		batch  bus.Batch
		folded []statemachine.Folded
	}{
		{"offset moved", bus.Batch{Topic: bus.TopicFacts, From: 0, Next: 9}, taken},
		{"version changed", good, fold(stale, confirmed)},
		{"swap made twice", good, fold(statemachine.Case{}, b.record(t, creation(terms)))},
		{"order of another swap", good, foreign},
		{"parked fact gone", good, gone},
	} {
		if err := b.store.Apply(t.Context(), c.batch, c.folded); !errors.Is(err, postgres.ErrStale) {
			t.Errorf("%s: %v, want ErrStale", c.name, err)
		}
		if after := b.count(t, "SELECT count(*) FROM outbox"); after != before {
			t.Errorf("%s: %d rows in the outbox, want %d", c.name, after, before)
		}
		if next, err := b.store.LoadOffset(t.Context(), bus.TopicFacts, 0); err != nil || next != b.next {
			t.Errorf("%s: offset is %d (%v), want %d", c.name, next, err, b.next)
		}
	}
	if err := b.store.Apply(t.Context(), good, taken); err != nil {
		t.Errorf("the same batch with nothing wrong: %v", err)
	}
}

// The database itself refuses what the code should never write.
func TestLedgerRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct{ name, sql, want string }{
		{"an unbalanced entry", `WITH e AS (INSERT INTO entry (key, kind) VALUES ('x', 'y'))
			INSERT INTO posting VALUES ('x', 0, 'clearing', 'BTC', 5), ('x', 1, 'inventory', 'BTC', -4)`, "does not balance"},
		{"an overdrawn swap", `WITH e AS (INSERT INTO entry (key, kind) VALUES ('x', 'y'))
			INSERT INTO posting VALUES ('x', 0, 'swap:s:deposit', 'BTC', 5), ('x', 1, 'inventory', 'BTC', -5)`, "swap_balance"},
		{"an empty posting", `WITH e AS (INSERT INTO entry (key, kind) VALUES ('x', 'y'))
			INSERT INTO posting VALUES ('x', 0, 'clearing', 'BTC', 0)`, "posting_units_check"},
		{"a change", `UPDATE posting SET units = 1`, "append-only"},
		{"a deletion", `DELETE FROM entry`, "append-only"},
		{"a rewritten timeline", `DELETE FROM swap_event`, "append-only"},
		{"a truncation", `TRUNCATE posting`, "append-only"},
	} {
		if _, err := b.pool.Exec(t.Context(), c.sql); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if n := b.count(t, "SELECT count(*) FROM posting"); n != 0 {
		t.Errorf("%d postings were kept", n)
	}
}

// A fact before its swap waits in the table and leaves it when it is applied.
func TestParkedFacts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	terms := b.terms(t)
	early := b.record(t, deposit(terms, swap.FactDepositSeen, "0.01"))
	garbage := bus.Record{Topic: bus.TopicFacts, Key: "k", Kind: "swap.created", Source: "x", Seq: 1, Body: []byte(`{"kind":"nonsense"}`)}
	if err := b.handler.Handle(t.Context(), b.batch(early, garbage)); err != nil {
		t.Fatal(err)
	}
	if n := b.count(t, "SELECT count(*) FROM parked_fact"); n != 1 {
		t.Errorf("%d facts wait, want 1", n)
	}
	if n := b.count(t, "SELECT count(*) FROM malformed_record"); n != 1 {
		t.Errorf("%d malformed records are kept, want 1", n)
	}
	if err := b.handler.Handle(t.Context(), b.batch(early, b.record(t, creation(terms)))); err != nil {
		t.Fatal(err)
	}
	if n := b.count(t, "SELECT count(*) FROM parked_fact"); n != 0 {
		t.Errorf("%d facts still wait", n)
	}
	if got := b.load(t, terms.Receipt.SwapID).Swap; got.State != swap.DepositDetected || got.Version != 2 {
		t.Errorf("swap is %s at %d", got.State, got.Version)
	}
}

// Many sweepers at once tell each deadline once, and none before it is due.
func TestTellDue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var records []bus.Record
	for range 20 {
		records = append(records, b.record(t, creation(b.terms(t))))
	}
	if err := b.handler.Handle(t.Context(), b.batch(records...)); err != nil {
		t.Fatal(err)
	}
	if n, err := b.store.TellDue(t.Context(), swaptest.Start, 100); err != nil || n != 0 {
		t.Fatalf("told %d before they were due: %v", n, err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				n, err := b.store.TellDue(t.Context(), swaptest.Start.Add(time.Hour), 3)
				if err != nil {
					t.Error(err)
				}
				if err != nil || n == 0 {
					return
				}
			}
		})
	}
	wg.Wait()
	if n := b.count(t, "SELECT count(DISTINCT key) FROM outbox WHERE kind = 'deadline.passed'"); n != 20 {
		t.Errorf("%d swaps were told, want 20", n)
	}
	var body []byte
	if err := b.pool.QueryRow(t.Context(), "SELECT body FROM outbox WHERE kind = 'deadline.passed' LIMIT 1").Scan(&body); err != nil {
		t.Fatal(err)
	}
	var f swap.Fact
	if err := json.Unmarshal(body, &f); err != nil || f.Validate() != nil || f.Deadline.Name != swap.DeadlineDepositBy {
		t.Errorf("told %s: %v", body, err)
	}
	if n := b.count(t, "SELECT count(*) FROM deadline"); n != 20 {
		t.Errorf("%d deadlines are left, want the 20 confirm_by", n)
	}
}
