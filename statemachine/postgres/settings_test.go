package postgres_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/statemachine/postgres"
)

// With the store's settings a statement that was planned on an empty table finds
// its rows by key, and the row that is updated does not hold
// the signed texts.
func TestSettings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	config := b.pool.Config()
	for name, value := range postgres.Settings() {
		config.ConnConfig.RuntimeParams[name] = value
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	rows, err := pool.Query(t.Context(), `EXPLAIN UPDATE swap s SET state = n.state FROM unnest(ARRAY['a', 'b'], ARRAY['held', 'held']) AS n (id, state)
		WHERE s.id = n.id`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	plan := strings.Join(lines, "\n")
	if err != nil || !strings.Contains(plan, "Index Scan using swap_pkey") || strings.Contains(plan, "Seq Scan") {
		t.Errorf("%v:\n%s", err, plan)
	}
	terms := b.terms(t)
	if err := b.handler.Handle(t.Context(), b.batch(b.record(t, creation(terms)))); err != nil {
		t.Fatal(err)
	}
	if out := b.count(t, "SELECT pg_relation_size(reltoastrelid)::int FROM pg_class WHERE oid = 'swap'::regclass"); out == 0 {
		t.Error("the signed texts lie in the row")
	}
}
