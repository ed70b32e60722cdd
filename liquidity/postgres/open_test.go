package postgres_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/liquidity"
)

// What is asked of open locks is answered from an index of theirs, not from every lock that
// there ever was.
func TestOpenLocksAreFoundByIndex(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.mustBook(t, b.lock("alice"))
	now := b.clock.now()
	for file, c := range map[string]struct {
		args  pgx.NamedArgs
		index []string
	}{
		"measure_promised.sql": {pgx.NamedArgs{"payout_asset": "ETH", "balances_at": []time.Time{now}, "now": now}, []string{"lock_open", "lock_promised"}},
		"measure_risk.sql":     {pgx.NamedArgs{"pairs": []string{"BTC-ETH", "ETH-BTC"}, "order_id": "", "now": now}, []string{"lock_open", "lock_at_risk"}},
		"measure_clients.sql":  {pgx.NamedArgs{"payout_asset": "ETH", "clients": []string{"alice"}, "exposure": false, "now": now}, []string{"lock_client"}},
		"lapse.sql":            {pgx.NamedArgs{"now": now, "most": 10}, []string{"lock_open"}},
	} {
		query, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		plan := b.plan(t, string(query), c.args, c.index)
		text := strings.Join(plan, "\n")
		if strings.Contains(text, "Seq Scan on lock") || slices.ContainsFunc(c.index, func(name string) bool { return !strings.Contains(text, name) }) {
			t.Errorf("%s goes through all locks, or not by %v:\n%s", file, c.index, text)
		}
	}
}

// plan is how a statement is run by these indexes of locks where the table is large.
func (b bench) plan(t *testing.T, sql string, args pgx.NamedArgs, indexes []string) []string {
	t.Helper()
	tx, err := b.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := tx.Rollback(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if _, err := tx.Exec(t.Context(), "SET LOCAL enable_seqscan = off"); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(indexes, "lock_client") { // a table of one row is found by any
		if _, err := tx.Exec(t.Context(), "DROP INDEX lock_client"); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := tx.Query(t.Context(), "EXPLAIN "+sql, args)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// Setup: a lock that one process closed because it had lapsed, by a clock that is ahead.
// Test: for another process, whose clock says that it is open, it is no promise any more, and
// can't be accepted.
func TestWhatIsClosedIsNoPromise(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := b.lock("alice")
	b.mustBook(t, l)
	b.clock.forward(time.Minute)
	if n, err := b.store.Lapse(t.Context(), 10); err != nil || n != 1 {
		t.Fatalf("%d lapsed: %v", n, err)
	}
	b.clock.forward(-time.Minute)
	if got := b.reserved(t); got != "0" {
		t.Errorf("%s ETH are reserved, want 0", got)
	}
	if err := b.accept(t, l, newSwap()); !errors.Is(err, liquidity.ErrLockLapsed) {
		t.Errorf("accepted though it was closed: %v", err)
	}
}
