package postgres_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/gateway"
	"ferry/gateway/postgres"
	"ferry/gateway/stream"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

var (
	at      = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	key     = gateway.Hash{1}
	request = gateway.Hash{2}
)

func setup(t *testing.T) (*postgres.Store, *pgxpool.Pool) {
	t.Helper()
	pool := pgtest.New(t, "gateway")
	return postgres.New(pool), pool
}

// creation is a swap to be stored; n tells several apart.
func creation(id string, n int) gateway.Creation {
	receipt := swap.Receipt{SwapID: id, QuoteID: fmt.Sprintf("quote_%d", n), DepositChain: asset.Bitcoin,
		DepositAddress: fmt.Sprintf("address_%d", n), SecretHash: fmt.Sprintf("%064d", n)}
	return gateway.Creation{Key: key, Request: request, Response: []byte(`{"id": "x"}`), At: at,
		Terms: swap.Terms{Receipt: receipt, SignedQuote: "q", SignedReceipt: "r"},
		First: swap.Update{SwapID: id, State: swap.AwaitingDeposit, At: at},
		Fact:  bus.Message{Topic: bus.TopicFacts, Key: id, Kind: "swap.created", Body: []byte(`{}`)}}
}

func newID() string { return swap.NewID(swap.SwapPrefix, at) }

func claim(t *testing.T, s *postgres.Store, id string) gateway.Claim {
	t.Helper()
	c, err := s.Claim(t.Context(), key, gateway.Claim{SwapID: id, Request: request}, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func count(t *testing.T, pool *pgxpool.Pool, table string) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// The second claim of a key gets the first one, also once it is finished.
func TestClaimOnce(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	if _, claimed, err := s.Claimed(t.Context(), key); err != nil || claimed {
		t.Fatalf("claimed: %v, %v", claimed, err)
	}
	first := newID()
	claim(t, s, first)
	if again := claim(t, s, newID()); again.SwapID != first || again.Request != request || again.Response != nil {
		t.Errorf("second claim is %+v", again)
	}
	if err := s.Finish(t.Context(), creation(first, 1)); err != nil {
		t.Fatal(err)
	}
	if again := claim(t, s, newID()); again.SwapID != first || string(again.Response) != `{"id": "x"}` {
		t.Errorf("third claim is %+v", again)
	}
}

// Only an unfinished claim of the very swap can be released.
func TestReleaseGuard(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	id := newID()
	claim(t, s, id)
	release := func(id string, left int) {
		t.Helper()
		if err := s.Release(t.Context(), key, id); err != nil {
			t.Fatal(err)
		}
		if n := count(t, pool, "idempotency"); n != left {
			t.Errorf("%d claims are left, want %d", n, left)
		}
	}
	release(newID(), 1)
	release(id, 0)
	claim(t, s, id)
	if err := s.Finish(t.Context(), creation(id, 1)); err != nil {
		t.Fatal(err)
	}
	release(id, 1)
}

// A claim is answered once; a second answer, or one for another swap, stores nothing.
func TestFinishGuard(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	id := newID()
	claim(t, s, id)
	if err := s.Finish(t.Context(), creation(newID(), 1)); !errors.Is(err, gateway.ErrClaimMoved) {
		t.Errorf("another swap: %v, want ErrClaimMoved", err)
	}
	if n := count(t, pool, "swap") + count(t, pool, "outbox") + count(t, pool, "swap_view"); n != 0 {
		t.Errorf("%d rows of a swap that was not to be", n)
	}
	if err := s.Finish(t.Context(), creation(id, 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(t.Context(), creation(id, 1)); !errors.Is(err, gateway.ErrClaimMoved) {
		t.Errorf("twice: %v, want ErrClaimMoved", err)
	}
	if n := count(t, pool, "swap") + count(t, pool, "outbox"); n != 2 {
		t.Errorf("%d rows, want one swap and one message", n)
	}
}

// A claim that was released meanwhile is made again by Finish: liquidityd has
// accepted the quote for that id, so no other swap can have it.
func TestFinishAfterRelease(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	id := newID()
	claim(t, s, id)
	if err := s.Release(t.Context(), key, id); err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(t.Context(), creation(id, 1)); err != nil {
		t.Fatal(err)
	}
	if c, claimed, err := s.Claimed(t.Context(), key); err != nil || !claimed || c.SwapID != id || c.Response == nil {
		t.Errorf("claim %+v %v %v", c, claimed, err)
	}
}

// The schema's own guarantees fire: a quote and an address belong to one swap,
// terms and history never change, an answer never holds a secret.
func TestSchemaGuards(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	id := newID()
	if err := s.Finish(t.Context(), creation(id, 1)); err != nil {
		t.Fatal(err)
	}
	sameQuote, sameAddress := creation(newID(), 2), creation(newID(), 3)
	sameQuote.Key, sameAddress.Key = gateway.Hash{8}, gateway.Hash{9}
	sameQuote.Terms.Receipt.QuoteID, sameAddress.Terms.Receipt.DepositAddress = "quote_1", "address_1"
	withSecret := creation(newID(), 4)
	withSecret.Key, withSecret.Response = gateway.Hash{10}, []byte(`{"secret":"s"}`)
	for name, c := range map[string]gateway.Creation{"quote": sameQuote, "address": sameAddress, "secret": withSecret} {
		if err := s.Finish(t.Context(), c); err == nil {
			t.Errorf("the same %s was stored", name)
		}
	}
	for _, sql := range []string{"UPDATE swap SET signed_quote = 'x'", "DELETE FROM swap", "TRUNCATE swap",
		"UPDATE swap_update SET message = 'x'", "DELETE FROM swap_update", "TRUNCATE swap_update"} {
		if _, err := pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s went through", sql)
		}
	}
	if n := count(t, pool, "swap") + count(t, pool, "idempotency"); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}

// A swap without terms is no swap, whatever the view says.
func TestSwapNeedsTerms(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	id := newID()
	b := bus.Batch{Topic: bus.TopicUpdates, Next: 1}
	if err := s.Project(t.Context(), "g", b, []swap.Update{{SwapID: id, Version: 1, State: swap.Settled, At: at}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Swap(t.Context(), id, 10); !errors.Is(err, gateway.ErrNoSwap) {
		t.Errorf("%v, want ErrNoSwap", err)
	}
	if next, err := s.Offset(t.Context(), "g", bus.TopicUpdates, 0); err != nil || next != 1 {
		t.Errorf("offset %d (%v), want 1", next, err)
	}
}

// Streams read above several positions at once, a bounded number of each swap, in
// order; a swap that is not there is not known and has nothing.
func TestUpdatesAfter(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	one, two, nobody := "swap_1", "swap_2", "swap_3"
	var list []swap.Update
	for v := range int64(5) {
		for _, id := range []string{two, one} {
			list = append(list, swap.Update{SwapID: id, Version: v + 1, State: swap.Held, Cause: "c", Message: "m", At: at})
		}
	}
	if err := s.Project(t.Context(), "g", bus.Batch{Topic: bus.TopicUpdates, Next: 1}, list); err != nil {
		t.Fatal(err)
	}
	got, err := s.UpdatesAfter(t.Context(), []stream.Position{{SwapID: two, After: 3}, {SwapID: nobody, After: -1}, {SwapID: one, After: -1}}, 3)
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, u := range got {
		if u.State != swap.Held || u.Cause != "c" || u.Message != "m" || !u.At.Equal(at) {
			t.Errorf("read %+v", u)
		}
		text = append(text, fmt.Sprintf("%s/%d", u.SwapID, u.Version))
	}
	if want := "[swap_1/1 swap_1/2 swap_1/3 swap_2/4 swap_2/5]"; fmt.Sprint(text) != want {
		t.Errorf("read %v, want %s", text, want)
	}
}

func TestKnownAndRecent(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	var ids []string
	for i := range 3 {
		id := swap.NewID(swap.SwapPrefix, at.Add(time.Duration(i)*time.Second))
		c := creation(id, i)
		c.Key = gateway.Hash{byte(i + 1)}
		if err := s.Finish(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	for id, want := range map[string]bool{ids[0]: true, newID(): false, "": false} {
		if known, err := s.Known(t.Context(), id); err != nil || known != want {
			t.Errorf("%s known: %v, %v", id, known, err)
		}
	}
	list, err := s.Recent(t.Context(), 2)
	if err != nil || len(list) != 2 || list[0].Newest.SwapID != ids[2] || list[1].Newest.SwapID != ids[1] || list[0].SignedQuote != "q" {
		t.Errorf("recent %+v, %v", list, err)
	}
}
