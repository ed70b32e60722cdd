package reconcile_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/postgres"
	"ferry/hotwallet/reconcile"
	"ferry/hotwallet/watch"
	"ferry/migrations/pgtest"
	"ferry/swap/asset"
)

var discard = slog.New(slog.DiscardHandler)

// wallet is a chain that has paid 7,000 to our hot address, and followed.
func wallet(t *testing.T, c *fakechain.Chain) (*postgres.Store, *pgxpool.Pool, *watch.Watcher) {
	t.Helper()
	pool := pgtest.New(t, "hotwallet")
	s, err := postgres.New(pool, c.Chain(), postgres.Config{Confirmations: 2, Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	lease, err := s.AcquireLease(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lease.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if result, err := reconcile.Check(t.Context(), s, c, discard); err != nil || result != reconcile.Skipped {
		t.Fatalf("before the first block: %s, %v", result, err)
	}
	hot := c.NewAddress()
	if _, err := pool.Exec(t.Context(), `INSERT INTO address (chain, role, branch, idx, path, address, state)
		VALUES ($1, 1, 0, 0, 'm/1/0/0', $2, 'hot')`, c.Chain(), hot); err != nil {
		t.Fatal(err)
	}
	w, err := watch.New(watch.Config{Reader: c, Store: s, Set: watch.NewSet(), Poll: time.Hour, ReorgLimit: 1, Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	follow(t, w)
	c.Pay(hot, asset.NewUnits(7000))
	c.Mine(1)
	follow(t, w)
	return s, pool, w
}

func follow(t *testing.T, w *watch.Watcher) {
	t.Helper()
	if err := w.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, s *postgres.Store, c *fakechain.Chain, want reconcile.Result) {
	t.Helper()
	got, err := reconcile.Check(t.Context(), s, c, discard)
	if err != nil || got != want {
		t.Fatalf("%s, %v; want %s", got, err, want)
	}
}

func halts(t *testing.T, pool *pgxpool.Pool) (n int, reason string) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM staff_action),
		coalesce((SELECT reason FROM halt), '')`).Scan(&n, &reason); err != nil {
		t.Fatal(err)
	}
	return n, reason
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	for name, newChain := range map[string]func(fakechain.Config) *fakechain.Chain{
		"utxo": fakechain.NewBitcoin, "account": fakechain.NewEthereum,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newChain(fakechain.Config{})
			s, pool, w := wallet(t, c)
			check(t, s, c, reconcile.Equal)

			c.UnderstateHeld(asset.NewUnits(1))
			check(t, s, c, reconcile.Different)
			check(t, s, c, reconcile.Different)
			if n, reason := halts(t, pool); n != 1 || reason == "" {
				t.Fatalf("%d halts, %q", n, reason)
			}
			var difference string
			if err := pool.QueryRow(t.Context(), `SELECT (node - book)::text FROM reconciliation`).Scan(&difference); err != nil || difference != "-1" {
				t.Fatalf("difference %s, %v", difference, err)
			}
			c.UnderstateHeld(asset.Units{})
			check(t, s, c, reconcile.Equal)
			if _, reason := halts(t, pool); reason == "" {
				t.Fatal("it resumed by itself")
			}

			c.Reorg(1, fakechain.Drop)
			c.Mine(2)
			check(t, s, c, reconcile.Skipped)
			c.SetAway(true)
			if _, err := reconcile.Check(t.Context(), s, c, discard); err == nil {
				t.Fatal("compared without a node")
			}
			c.SetAway(false)
			follow(t, w)
			check(t, s, c, reconcile.Equal)
		})
	}
}

// A posting behind the chain's back is found.
func TestWrongBooksAreFound(t *testing.T) {
	t.Parallel()
	c := fakechain.NewBitcoin(fakechain.Config{})
	s, pool, _ := wallet(t, c)
	if _, err := pool.Exec(t.Context(), `WITH e AS (INSERT INTO entry (key, kind) VALUES ('x', 'x') RETURNING key)
		INSERT INTO posting (entry_key, n, account, asset, units) SELECT key, n, account, 'BTC', units
		FROM e, (VALUES (0, 'wallet', 5), (1, 'suspense', -5)) p (n, account, units)`); err != nil {
		t.Fatal(err)
	}
	check(t, s, c, reconcile.Different)
	if _, reason := halts(t, pool); reason == "" {
		t.Fatal("payments run on")
	}
}

// So is what is said to lie on an address and does not: a payment would be planned from it.
func TestMisplacedHoldingsAreFound(t *testing.T) {
	t.Parallel()
	c := fakechain.NewEthereum(fakechain.Config{})
	s, pool, _ := wallet(t, c)
	check(t, s, c, reconcile.Equal)
	if _, err := pool.Exec(t.Context(), `UPDATE holding SET units = units + 1`); err != nil {
		t.Fatal(err)
	}
	check(t, s, c, reconcile.Different)
	if _, reason := halts(t, pool); !strings.Contains(reason, "our addresses hold 7001 and the books 7000 base units of ETH") {
		t.Fatalf("halted: %q", reason)
	}
}
