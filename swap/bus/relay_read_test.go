package bus

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/migrations/pgtest"
)

func put(t *testing.T, pool *pgxpool.Pool, n int) {
	t.Helper()
	for range n {
		if err := Put(t.Context(), pool, Message{Topic: TopicFacts, Key: "k", Kind: "test", Body: []byte(`{}`)}); err != nil {
			t.Fatal(err)
		}
	}
}

// Kept rows must not be walked at each look: the index starts at the cursor.
func TestRelayReadStartsAtTheCursor(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "swap")
	put(t, pool, 5)
	plan := ""
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), "EXPLAIN "+relayReadSQL, relayBatch)
		if err != nil {
			return err
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		plan = strings.Join(lines, "\n")
		return err
	})
	if err != nil || !strings.Contains(plan, "Index Cond: ((ROW(xid, id) > ROW(") {
		t.Errorf("the cursor is no condition of an index (%v):\n%s", err, plan)
	}
}

// What is dropped is published, old, and no more than asked for.
func TestRelayDrop(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "swap")
	put(t, pool, 6)
	exec := func(sql string, args ...any) int64 {
		t.Helper()
		tag, err := pool.Exec(context.Background(), sql, args...)
		if err != nil {
			t.Fatal(err)
		}
		return tag.RowsAffected()
	}
	drop := func(most int) int64 { t.Helper(); return exec(relayDropSQL, relayKeep, most) }
	exec("UPDATE outbox SET created_at = now() - interval '2 days' WHERE id <= 4")
	if n := drop(100); n != 0 {
		t.Fatalf("%d rows were dropped that were not published", n)
	}
	exec("UPDATE relay_cursor SET (xid, id) = (SELECT xid, id FROM outbox WHERE id = 5), seq = 5")
	for _, want := range []int64{3, 1, 0} {
		if n := drop(3); n != want {
			t.Fatalf("%d rows were dropped, want %d", n, want)
		}
	}
	var left string
	if err := pool.QueryRow(t.Context(), "SELECT string_agg(id::text, ',' ORDER BY id) FROM outbox").Scan(&left); err != nil || left != "5,6" {
		t.Fatalf("left %s, %v", left, err)
	}
}
