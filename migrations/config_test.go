package migrations_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

const setConfig = "SELECT config_set($1, $2, $3, $4, $5)"

// Setup: operators who all set the configuration they have seen, at once. Test: each time
// one of them wins, the others are told which version is the newest and whose it is; the
// versions have no gap, and each was told once.
func TestOneOfThoseWhoSetAtOnceWins(t *testing.T) {
	t.Parallel()
	const people, rounds = 6, 5
	pool, _ := operator(t, "liquidity")
	for round := range rounds {
		var group sync.WaitGroup
		results := make([]error, people)
		for n := range people {
			group.Go(func() {
				_, results[n] = pool.Exec(t.Context(), setConfig, round, fmt.Sprintf(`{"a":"%d"}`, n), nil, "a race", fmt.Sprint("operator", n))
			})
		}
		group.Wait()
		won := 0
		for _, err := range results {
			var refused *pgconn.PgError
			switch {
			case err == nil:
				won++
			case !errors.As(err, &refused) || refused.Code != "40001" || !strings.Contains(refused.Message, fmt.Sprintf("the newest version is %d, not %d", round+1, round)) ||
				!strings.Contains(refused.Detail, "set by operator"):
				t.Errorf("round %d: %v", round, err)
			}
		}
		if won != 1 {
			t.Fatalf("round %d: %d of %d won", round, won, people)
		}
	}
	var versions, told string
	err := pool.QueryRow(t.Context(), `SELECT (SELECT string_agg(version::text, ' ' ORDER BY version) FROM config_version),
		(SELECT string_agg(body::jsonb ->> 'version', ' ' ORDER BY id) FROM outbox WHERE topic = 'ferry.config' AND key = 'liquidity')`).Scan(&versions, &told)
	if err != nil || versions != "1 2 3 4 5" || told != versions {
		t.Errorf("versions %s, told %s: %v", versions, told, err)
	}
}

// A rollback must equal what it restores, and nothing but the function writes.
func TestConfigurationsAreKept(t *testing.T) {
	t.Parallel()
	pool, conn := operator(t, "liquidity")
	set := func(expected int, settings string, restores any, why, who string) error {
		_, err := conn.Exec(t.Context(), setConfig, expected, settings, restores, why, who)
		return err
	}
	for i, err := range []error{set(0, `{"a":"1"}`, nil, "first", "alice"), set(1, `{"a":"2"}`, nil, "second", "bob"), set(2, `{"a":"1"}`, 1, "back", "alice"), set(3, `{}`, 0, "all the way", "alice")} {
		if err != nil {
			t.Fatalf("version %d: %v", i+1, err)
		}
	}
	for _, c := range []struct {
		err  error
		code string
	}{
		{set(4, `{"a":"2"}`, 1, "no rollback", "eve"), "22023"}, {set(4, `{"a":"1"}`, 0, "no rollback", "eve"), "22023"}, {set(4, `{"a":"1"}`, 9, "no such", "eve"), "22023"},
		{set(4, `{"a":"1"}`, nil, " ", "eve"), "22023"}, {set(4, `{"a":"1"}`, nil, "why", ""), "22023"}, {set(4, `[]`, nil, "why", "eve"), "22023"},
		{set(4, `{"a":1}`, nil, "why", "eve"), "22023"}, {set(-1, `{}`, nil, "why", "eve"), "22023"}, {set(7, `{}`, nil, "why", "eve"), "40001"}, {set(3, `{}`, nil, "why", "eve"), "40001"},
		{set(4, `{"a":"`+strings.Repeat("x", 140_000)+`"}`, nil, "why", "eve"), "23514"}, {set(4, `{}`, nil, strings.Repeat("x", 501), "eve"), "23514"},
	} {
		if code(c.err) != c.code {
			t.Errorf("%v, want %s", c.err, c.code)
		}
	}
	for _, sql := range []string{"INSERT INTO config_version (version, settings, actor, reason) VALUES (5, '{}', 'a', 'b')", "UPDATE config_daemon SET problem = ''"} {
		if _, err := conn.Exec(t.Context(), sql); code(err) != "42501" {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{"UPDATE config_version SET actor = 'eve'", "DELETE FROM config_version", "TRUNCATE config_version"} {
		if _, err := pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s went through", sql)
		}
	}
	var versions, told int
	if err := pool.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM config_version), (SELECT count(*) FROM outbox)").Scan(&versions, &told); err != nil || versions != 4 || told != 4 {
		t.Errorf("%d versions, %d told: %v", versions, told, err)
	}
}
