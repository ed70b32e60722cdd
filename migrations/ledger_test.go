package migrations_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/migrations/pgtest"
)

// Both books begin with an entry of a swap that is owed 5, made before.
const opening = `WITH e AS (INSERT INTO entry (key, kind, swap_id) VALUES ('old', 'deposit', 's'))
	INSERT INTO posting VALUES ('old', 0, 'clearing', 'BTC', 5), ('old', 1, 'swap:s:deposit', 'BTC', -5)`

// Setup: a book as migrations make it. Test: what must not be stored is refused by the
// database, whoever writes it, and stored where the guard it is about is taken away.
func TestLedgerGuards(t *testing.T) {
	t.Parallel()
	const checked, appendOnly = "23514", "23001"
	for name, row := range map[string]struct {
		sql, refused string
		// without takes the guard away.
		without string
	}{
		"an entry off by one": {`WITH e AS (INSERT INTO entry (key, kind) VALUES ('x', 'y'))
			INSERT INTO posting VALUES ('x', 0, 'clearing', 'BTC', 5), ('x', 1, 'inventory', 'BTC', -4)`,
			checked, `DROP TRIGGER posting_balanced ON posting`},
		"an entry that balances across assets only": {`WITH e AS (INSERT INTO entry (key, kind) VALUES ('x', 'y'))
			INSERT INTO posting VALUES ('x', 0, 'clearing', 'BTC', 5), ('x', 1, 'inventory', 'ETH', -5)`,
			checked, `DROP TRIGGER posting_balanced ON posting`},
		"one of two entries off": {`WITH e AS (INSERT INTO entry (key, kind) VALUES ('x', 'y'), ('z', 'y'))
			INSERT INTO posting VALUES ('x', 0, 'clearing', 'BTC', 5), ('x', 1, 'inventory', 'BTC', -5),
			('z', 0, 'clearing', 'BTC', 1), ('z', 1, 'inventory', 'BTC', -2)`,
			checked, `DROP TRIGGER posting_balanced ON posting`},
		"an empty posting": {`WITH e AS (INSERT INTO entry (key, kind) VALUES ('x', 'y')) INSERT INTO posting VALUES ('x', 0, 'clearing', 'BTC', 0)`,
			checked, `ALTER TABLE posting DROP CONSTRAINT posting_units_check`},
		"a swap owed less than nothing": {`WITH e AS (INSERT INTO entry (key, kind) VALUES ('x', 'y'))
			INSERT INTO posting VALUES ('x', 0, 'swap:s:deposit', 'BTC', 6), ('x', 1, 'inventory', 'BTC', -6)`,
			checked, `ALTER TABLE swap_balance DROP CONSTRAINT swap_balance_owed_check`},
		"another swap's money": {`WITH e AS (INSERT INTO entry (key, kind) VALUES ('x', 'y'))
			INSERT INTO posting VALUES ('x', 0, 'swap:other:payout', 'BTC', 1), ('x', 1, 'inventory', 'BTC', -1)`,
			checked, `DROP TRIGGER posting_swap_balance ON posting`},
		"another asset than is owed": {`WITH e AS (INSERT INTO entry (key, kind) VALUES ('x', 'y'))
			INSERT INTO posting VALUES ('x', 0, 'swap:s:deposit', 'ETH', 1), ('x', 1, 'inventory', 'ETH', -1)`,
			checked, `DROP TRIGGER posting_swap_balance ON posting`},
		"a changed posting":   {`UPDATE posting SET units = -units`, appendOnly, `DROP TRIGGER posting_immutable ON posting`},
		"a changed entry":     {`UPDATE entry SET swap_id = 'other'`, appendOnly, `DROP TRIGGER entry_immutable ON entry`},
		"a deleted posting":   {`DELETE FROM posting`, appendOnly, `DROP TRIGGER posting_immutable ON posting`},
		"a deleted entry":     {`DELETE FROM entry WHERE key <> 'old'`, appendOnly, `DROP TRIGGER entry_immutable ON entry`},
		"truncated postings":  {`TRUNCATE posting`, appendOnly, `DROP TRIGGER posting_immutable ON posting`},
		"a truncated journal": {`TRUNCATE entry CASCADE`, appendOnly, `DROP TRIGGER entry_immutable ON entry; DROP TRIGGER posting_immutable ON posting`},
		"postings added later": {`INSERT INTO posting VALUES ('old', 2, 'clearing', 'BTC', -1), ('old', 3, 'inventory', 'BTC', 1)`,
			appendOnly, `DROP TRIGGER posting_whole ON posting`},
		"an entry booked twice": {`INSERT INTO entry (key, kind) VALUES ('old', 'deposit')`, "23505", `ALTER TABLE posting DROP CONSTRAINT posting_entry_key_fkey;
			ALTER TABLE entry DROP CONSTRAINT entry_pkey`},
		"a posting of no entry": {`INSERT INTO posting VALUES ('x', 0, 'clearing', 'BTC', 1), ('x', 1, 'inventory', 'BTC', -1)`,
			"23503", `ALTER TABLE posting DROP CONSTRAINT posting_entry_key_fkey`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, service := range []string{"swap", "hotwallet"} {
				pool := pgtest.New(t, service)
				exec(t, pool, opening)
				if _, err := pool.Exec(t.Context(), row.sql); code(err) != row.refused {
					t.Errorf("in the book of %s: %v, want %s", service, err, row.refused)
				}
				if got := text(t, pool, `SELECT string_agg(entry_key || ' ' || account || ' ' || units, ', ' ORDER BY n) FROM posting`); got != "old clearing 5, old swap:s:deposit -5" {
					t.Errorf("in the book of %s there are %s", service, got)
				}
				exec(t, pool, row.without)
				exec(t, pool, row.sql)
			}
		})
	}
}

// Test: within one transaction an entry may be put together in several statements, and
// house accounts may go below nothing.
func TestLedgerTakes(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "swap")
	exec(t, pool, opening)
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`INSERT INTO entry (key, kind) VALUES ('x', 'exchange')`,
		`INSERT INTO posting VALUES ('x', 0, 'swap:s:deposit', 'BTC', 5)`,
		`INSERT INTO posting VALUES ('x', 1, 'inventory', 'BTC', -5)`,
	} {
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := text(t, pool, `SELECT string_agg(account || ' ' || owed, ', ') FROM swap_balance`); got != "swap:s:deposit 0" {
		t.Errorf("owed: %s", got)
	}
}

func exec(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func text(t *testing.T, pool *pgxpool.Pool, sql string) (found string) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), sql).Scan(&found); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return found
}
