package migrations_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/migrations/pgtest"
)

// operator returns a connection that acts as ferry_operator on a service's schema,
// with the grants that the roles' migration gives in production.
func operator(t *testing.T, service string) (*pgxpool.Pool, *pgxpool.Conn) {
	t.Helper()
	pool := pgtest.New(t, service)
	var schema string
	if err := pool.QueryRow(t.Context(), "SELECT current_schema()").Scan(&schema); err != nil {
		t.Fatal(err)
	}
	name := pgx.Identifier{schema}.Sanitize()
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The connection goes back to the pool as it came.
		if _, err := conn.Exec(context.Background(), "RESET ROLE"); err != nil {
			t.Error(err)
		}
		conn.Release()
	})
	for _, sql := range []string{
		"GRANT USAGE ON SCHEMA " + name + " TO ferry_support",
		"GRANT SELECT ON ALL TABLES IN SCHEMA " + name + " TO ferry_support",
		"SET ROLE ferry_operator",
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	return pool, conn
}

func call(t *testing.T, conn *pgxpool.Conn, sql string, args ...any) bool {
	t.Helper()
	var changed bool
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&changed); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return changed
}

const (
	setHalt   = "SELECT set_halt($1, $2, $3)"
	clearHalt = "SELECT clear_halt($1, $2, $3)"
)

func TestOperatorHaltsAndResumes(t *testing.T) {
	t.Parallel()
	pool, conn := operator(t, "hotwallet")
	if !call(t, conn, setHalt, "bitcoin", "drill", "alice") {
		t.Fatal("a running chain was not halted")
	}
	if call(t, conn, setHalt, "bitcoin", "another", "bob") {
		t.Fatal("a halted chain was halted again")
	}
	var reason, actor string
	if err := conn.QueryRow(t.Context(), "SELECT reason, actor FROM halt WHERE chain = 'bitcoin'").Scan(&reason, &actor); err != nil {
		t.Fatal(err)
	}
	if reason != "drill" || actor != "alice" {
		t.Fatalf("halted by %s because %q, want the first", actor, reason)
	}
	if !call(t, conn, clearHalt, "bitcoin", "drill over", "bob") || call(t, conn, clearHalt, "bitcoin", "again", "bob") {
		t.Fatal("resumed not at all, or twice")
	}
	var actions int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM staff_action").Scan(&actions); err != nil || actions != 3 {
		t.Fatalf("%d staff actions (%v), want 3", actions, err)
	}
}

func TestOperatorNamesChainReasonAndActor(t *testing.T) {
	t.Parallel()
	_, conn := operator(t, "hotwallet")
	for _, sql := range []string{setHalt, clearHalt} {
		for _, args := range [][]any{
			{"dogecoin", "drill", "alice"}, {nil, "drill", "alice"}, {"bitcoin", "", "alice"},
			{"bitcoin", nil, "alice"}, {"bitcoin", "drill", ""}, {"bitcoin", "drill", nil},
		} {
			if _, err := conn.Exec(t.Context(), sql, args...); code(err) != "22023" {
				t.Errorf("%s of %v: %v", sql, args, err)
			}
		}
	}
}

// An operator reads everything and writes nothing but through the functions, even
// with a table of the same name in front.
func TestOperatorCanDoNothingElse(t *testing.T) {
	t.Parallel()
	pool, conn := operator(t, "hotwallet")
	for _, sql := range []string{
		"INSERT INTO halt (chain, reason, actor) VALUES ('bitcoin', 'a', 'b')",
		"DELETE FROM halt",
		"INSERT INTO staff_action (actor, action, target, reason) VALUES ('a', 'b', 'c', 'd')",
		"UPDATE payment SET state = 'queued'",
		"UPDATE lease SET token = 1",
		"INSERT INTO outbox (topic, key, kind, body) VALUES ('ferry.facts', 'a', 'b', '{}')",
	} {
		if _, err := conn.Exec(t.Context(), sql); code(err) != "42501" {
			t.Errorf("%s: %v, want insufficient privilege", sql, err)
		}
	}
	for _, table := range []string{"payment", "attempt", "halt", "deposit", "cursor", "posting"} {
		if _, err := conn.Exec(t.Context(), "SELECT * FROM "+table); err != nil {
			t.Errorf("read %s: %v", table, err)
		}
	}
	if _, err := conn.Exec(t.Context(), "CREATE TEMP TABLE halt (chain text PRIMARY KEY, reason text, actor text)"); err != nil {
		t.Fatal(err)
	}
	call(t, conn, setHalt, "ethereum", "drill", "alice")
	var halted int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM halt").Scan(&halted); err != nil || halted != 1 {
		t.Fatalf("%d halts in the real table (%v), want 1", halted, err)
	}
}

// Other services' roles may not call the functions.
func TestOnlyOperatorsHalt(t *testing.T) {
	t.Parallel()
	_, conn := operator(t, "hotwallet")
	for _, sql := range []string{"RESET ROLE", "SET ROLE ferry_support"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Exec(t.Context(), setHalt, "bitcoin", "drill", "alice"); code(err) != "42501" {
		t.Fatalf("support halted a chain: %v", err)
	}
}

// Schemas made at the same time share the roles without hurting each other.
func TestSchemasAtOnce(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { pgtest.New(t, "hotwallet") })
	}
	wg.Wait()
}

func code(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}
