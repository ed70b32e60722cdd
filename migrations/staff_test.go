package migrations_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/swap"
)

const (
	staffAsk     = "SELECT staff_ask($1, $2, $3, $4, $5, $6)"
	staffApprove = "SELECT staff_approve($1, $2, $3, $4)"
	staffSwap    = "swap_01k0000000000000000000000a"
	otherSwap    = "swap_01k0000000000000000000000b"
	request      = "staff_01k0000000000000000000000a"
)

// staff is an operator's connection to a schema with two swaps, the first with a deposit.
func staff(t *testing.T) (*pgxpool.Pool, *pgxpool.Conn) {
	t.Helper()
	pool, conn := operator(t, "swap")
	for _, id := range []string{staffSwap, otherSwap} {
		if _, err := pool.Exec(t.Context(), `INSERT INTO swap (id, state, version, signed_quote, signed_receipt, quote_id, pair, deposit_units,
			payout_units, deposit_address, payout_address, refund_address, seen, created_at, updated_at)
			VALUES ($1, 'held', 1, '', '', $1, 'BTC-ETH', 1, 1, $1, '', '', '{}', now(), now())`, id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pool.Exec(t.Context(), `INSERT INTO deposit (swap_id, deposit_id, txid, units, state, position, body)
		VALUES ($1, 'bitcoin:a:0', 'a', 1, 'confirmed', 0, '{}')`, staffSwap); err != nil {
		t.Fatal(err)
	}
	return pool, conn
}

// facts are what the state machine is told, as it reads it.
func facts(t *testing.T, pool *pgxpool.Pool) (all []swap.Fact) {
	t.Helper()
	rows, err := pool.Query(t.Context(), "SELECT topic, key, kind, body FROM outbox ORDER BY xid, id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var topic, key, kind, body string
		if err := rows.Scan(&topic, &key, &kind, &body); err != nil {
			t.Fatal(err)
		}
		var f swap.Fact
		decoder := json.NewDecoder(bytes.NewReader([]byte(body)))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&f); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if err := f.Validate(); err != nil || topic != "ferry.facts" || key != f.SwapID || kind != string(f.Kind) {
			t.Errorf("told on %s as %s of %s: %s (%v)", topic, kind, key, body, err)
		}
		if age := time.Since(f.At); age < -time.Minute || age > time.Hour {
			t.Errorf("told at %s", f.At)
		}
		all = append(all, f)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestStaffAsksAndApproves(t *testing.T) {
	t.Parallel()
	pool, conn := staff(t)
	const second = "staff_01k0000000000000000000000b"
	for _, args := range [][]any{
		{request, staffSwap, "refund", "bitcoin:a:0", " the user called ", "alice"},
		{second, otherSwap, "write_off", nil, `says "no"`, "bob"},
	} {
		if _, err := conn.Exec(t.Context(), staffAsk, args...); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Exec(t.Context(), staffApprove, request, staffSwap, "I called too", "bob"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), staffApprove, second, otherSwap, nil, "alice"); err != nil {
		t.Fatal(err)
	}
	told := facts(t, pool)
	for i, want := range []swap.StaffFact{
		{RequestID: request, Actor: "alice", Action: swap.StaffRefund, DepositID: "bitcoin:a:0", Reason: "the user called"},
		{RequestID: second, Actor: "bob", Action: swap.StaffWriteOff, Reason: `says "no"`},
		{RequestID: request, Actor: "bob", Reason: "I called too"},
		{RequestID: second, Actor: "alice"},
	} {
		if i >= len(told) || told[i].Staff == nil || *told[i].Staff != want {
			t.Fatalf("told %+v, want %+v as number %d", told, want, i)
		}
	}
	if told[0].SwapID != staffSwap || told[2].Kind != swap.FactStaffApproved {
		t.Errorf("told %+v", told)
	}
	for _, sql := range []string{"UPDATE staff_action SET reason = 'x'", "DELETE FROM staff_action", "TRUNCATE staff_action CASCADE",
		"UPDATE staff_approval SET reason = 'x'", "DELETE FROM staff_approval", "TRUNCATE staff_approval"} {
		if _, err := pool.Exec(t.Context(), sql); code(err) != "23001" {
			t.Errorf("%s: %v, want a refusal", sql, err)
		}
	}
}

// What is refused is neither recorded nor told.
func TestStaffIsRefused(t *testing.T) {
	t.Parallel()
	pool, conn := staff(t)
	if _, err := conn.Exec(t.Context(), staffAsk, request, staffSwap, "refund", "", "why", "alice"); err != nil {
		t.Fatal(err)
	}
	const fresh = "staff_01k0000000000000000000000z"
	for _, row := range []struct {
		name, sql string
		args      []any
		code      string
	}{
		{"no reason", staffAsk, []any{fresh, staffSwap, "refund", "", " ", "alice"}, "22023"},
		{"a reason that is NULL", staffAsk, []any{fresh, staffSwap, "refund", "", nil, "alice"}, "22023"},
		{"no actor", staffAsk, []any{fresh, staffSwap, "refund", "", "why", " "}, "22023"},
		{"an unknown swap", staffAsk, []any{fresh, "swap_01k0000000000000000000000c", "refund", "", "why", "alice"}, "P0002"},
		{"another swap's deposit", staffAsk, []any{fresh, otherSwap, "refund", "bitcoin:a:0", "why", "alice"}, "P0002"},
		{"an unknown action", staffAsk, []any{fresh, staffSwap, "burn", "", "why", "alice"}, "23514"},
		{"no action", staffAsk, []any{fresh, staffSwap, nil, "", "why", "alice"}, "23502"},
		{"a malformed id", staffAsk, []any{"r1", staffSwap, "refund", "", "why", "alice"}, "23514"},
		{"an id in use", staffAsk, []any{request, staffSwap, "note", "", "why", "alice"}, "23505"},
		{"a long reason", staffAsk, []any{fresh, staffSwap, "refund", "", strings.Repeat("x", 501), "alice"}, "23514"},
		{"a long actor", staffAsk, []any{fresh, staffSwap, "refund", "", "why", strings.Repeat("x", 101)}, "23514"},
		{"approval by who asked", staffApprove, []any{request, staffSwap, "", "alice"}, "42501"},
		{"the same in capitals", staffApprove, []any{request, staffSwap, "", " ALICE "}, "42501"},
		{"approval of nothing", staffApprove, []any{fresh, staffSwap, "", "bob"}, "P0002"},
		{"approval for another swap", staffApprove, []any{request, otherSwap, "", "bob"}, "P0002"},
		{"approval by nobody", staffApprove, []any{request, staffSwap, "", nil}, "22023"},
	} {
		if _, err := conn.Exec(t.Context(), row.sql, row.args...); code(err) != row.code {
			t.Errorf("%s: %v, want %s", row.name, err, row.code)
		}
	}
	if n := len(facts(t, pool)); n != 1 {
		t.Errorf("%d facts are told, want the first", n)
	}
	if _, err := conn.Exec(t.Context(), staffApprove, request, staffSwap, "", "bob"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), staffApprove, request, staffSwap, "", "carol"); code(err) != "23505" {
		t.Errorf("approved twice: %v", err)
	}
	if got := text(t, pool, "SELECT count(*) || ' ' || (SELECT count(*) FROM staff_approval) FROM staff_action"); got != "1 1" || len(facts(t, pool)) != 2 {
		t.Errorf("actions and approvals on record: %s", got)
	}
}

// Only operators ask, only through the functions, and into the real tables.
func TestOnlyOperatorsAsk(t *testing.T) {
	t.Parallel()
	pool, conn := staff(t)
	for _, sql := range []string{
		"INSERT INTO staff_action (request_id, swap_id, actor, action, reason) VALUES ('" + request + "', '" + staffSwap + "', 'a', 'note', 'r')",
		"INSERT INTO staff_approval (request_id, actor) VALUES ('" + request + "', 'a')",
		"INSERT INTO outbox (topic, key, kind, body) VALUES ('ferry.facts', 'a', 'b', '{}')",
		"SELECT staff_tell('staff.action', 'x', '{}')",
		"UPDATE swap SET state = 'settled'",
	} {
		if _, err := conn.Exec(t.Context(), sql); code(err) != "42501" {
			t.Errorf("%s: %v, want insufficient privilege", sql, err)
		}
	}
	if _, err := conn.Exec(t.Context(), "CREATE TEMP TABLE outbox (topic text, key text, kind text, body text)"); err != nil {
		t.Fatal(err)
	}
	ask := []any{request, staffSwap, "note", "", "why", "alice"}
	if _, err := conn.Exec(t.Context(), staffAsk, ask...); err != nil {
		t.Fatal(err)
	}
	if told := facts(t, pool); len(told) != 1 {
		t.Errorf("told %+v", told)
	}
	for _, sql := range []string{"RESET ROLE", "SET ROLE ferry_support"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Exec(t.Context(), staffAsk, ask...); code(err) != "42501" {
		t.Errorf("support asked: %v", err)
	}
}
