package postgres

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/migrations/pgtest"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

// newStore is a store that holds the lease, and its pool.
func newStore(t *testing.T, chain asset.Chain, c Config) (*Store, *pgxpool.Pool) {
	t.Helper()
	pool := pgtest.New(t, "hotwallet")
	s, _ := openStore(t, pool, chain, c)
	return s, pool
}

// openStore makes another store on the same schema, as a restart does. The lease
// is given up when the test ends, or before by the caller.
func openStore(t *testing.T, pool *pgxpool.Pool, chain asset.Chain, c Config) (*Store, *Lease) {
	t.Helper()
	if c.Confirmations == 0 {
		c.Confirmations = 3
	}
	c.Log = slog.New(slog.DiscardHandler)
	s, err := New(pool, chain, c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.AcquireLease(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s, l
}

func entry(key string, units uint64) ledger.Entry {
	return ledger.Transfer(key, "test", "", ledger.Wallet, ledger.HouseCapital,
		asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(units)})
}

func (s *Store) postOne(ctx context.Context, entries ...ledger.Entry) error {
	return s.write(ctx, func(tx pgx.Tx) error { return s.postEntries(ctx, tx, entries) })
}

func TestEntriesAreBookedOnce(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t, asset.Bitcoin, Config{})
	if err := s.postOne(t.Context(), entry("a", 5), entry("b", 7)); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		entries []ledger.Entry
		want    error
	}{
		"a key that is taken": {[]ledger.Entry{entry("c", 1), entry("a", 5)}, ErrEntryExists},
		"twice at once":       {[]ledger.Entry{entry("d", 1), entry("d", 1)}, ErrEntryExists},
		"not balanced": {[]ledger.Entry{{Key: "e", Kind: "test",
			Postings: entry("", 1).Postings[:1]}}, ledger.ErrUnbalanced},
	} {
		if err := s.postOne(t.Context(), row.entries...); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
	var entries, wallet int
	err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM entry),
		(SELECT sum(units) FROM posting WHERE account = 'wallet')`).Scan(&entries, &wallet)
	if err != nil || entries != 2 || wallet != 12 {
		t.Fatalf("%d entries, wallet %d (%v), want 2 and 12", entries, wallet, err)
	}
}

func TestOldHolderIsFenced(t *testing.T) {
	t.Parallel()
	old, pool := newStore(t, asset.Bitcoin, Config{})
	// Another process can have the lease only once the connection is gone.
	killSession(t, pool)
	next, lease := openStore(t, pool, asset.Bitcoin, Config{})
	if lease.Token() != 2 {
		t.Fatalf("token %d, want 2", lease.Token())
	}
	if err := old.postOne(t.Context(), entry("a", 5)); !errors.Is(err, ErrFenced) {
		t.Fatalf("the old holder: %v", err)
	}
	if err := next.postOne(t.Context(), entry("a", 5)); err != nil {
		t.Fatalf("the new holder: %v", err)
	}
}

// killSession ends the connections that hold an advisory lock of a session in
// this schema's leases.
func killSession(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	var killed int
	err := pool.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_locks, LATERAL
		(SELECT hashtextextended('ferry/lease/' || current_schema() || '/bitcoin', 0) AS key) k
		WHERE locktype = 'advisory' AND objsubid = 1
		AND (classid::bigint << 32 | objid::bigint) = k.key`).Scan(&killed)
	if err != nil || killed != 1 {
		t.Fatalf("ended %d sessions (%v), want 1", killed, err)
	}
}

func TestLeaseIsExclusive(t *testing.T) {
	t.Parallel()
	_, pool := newStore(t, asset.Bitcoin, Config{})
	openStore(t, pool, asset.Ethereum, Config{}) // another chain is free
	second, err := New(pool, asset.Bitcoin, Config{Confirmations: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.postOne(t.Context(), entry("a", 5)); !errors.Is(err, ErrFenced) {
		t.Fatalf("without a lease: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error, 1)
	go func() {
		_, err := second.AcquireLease(ctx, "second")
		waited <- err
	}()
	// It has to get as far as waiting: only then does the end of ctx prove anything.
	for queued := false; !queued; {
		select {
		case err := <-waited:
			t.Fatalf("the second holder did not wait: %v", err)
		default:
		}
		err := pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_locks, LATERAL
			(SELECT hashtextextended('ferry/lease/' || current_schema() || '/bitcoin', 0) AS key) k
			WHERE locktype = 'advisory' AND NOT granted
			AND (classid::bigint << 32 | objid::bigint) = k.key)`).Scan(&queued)
		if err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Fatalf("the second holder: %v", err)
	}
}

func TestLeaseTellsItsLoss(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "hotwallet")
	_, lease := openStore(t, pool, asset.Bitcoin, Config{})
	lost := make(chan error, 1)
	go func() { lost <- lease.Wait(context.Background()) }()
	killSession(t, pool)
	if err := <-lost; err == nil {
		t.Fatal("the loss was not told")
	}
}

func TestStopKeepsTheFirstReason(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t, asset.Bitcoin, Config{})
	for i, want := range []bool{true, false} {
		if stopped, err := s.Stop(t.Context(), []string{"first", "second"}[i]); err != nil || stopped != want {
			t.Fatalf("stop %d: %v, %v", i, stopped, err)
		}
	}
	var reason string
	var actions int
	err := pool.QueryRow(t.Context(), `SELECT reason, (SELECT count(*) FROM staff_action) FROM halt`).Scan(&reason, &actions)
	if err != nil || reason != "first" || actions != 1 {
		t.Fatalf("%q, %d actions (%v)", reason, actions, err)
	}
}
