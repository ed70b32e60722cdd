package postgres_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"ferry/liquidity/config"
	"ferry/liquidity/postgres"
	"ferry/migrations/pgtest"
)

// What is set is what a daemon finds, and what it is told on the topic.
func TestTheNewestConfigurationIsFound(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "liquidity")
	store := postgres.NewConfigs(pool, time.Now)
	none, err := store.Newest(t.Context())
	if err != nil || none.Version != 0 || len(none.Settings) != 0 {
		t.Fatalf("%+v, %v", none, err)
	}
	want := config.Document{"pairs.BTC-ETH.stopped": `A "reason", with <marks>.`, "pairs.BTC-ETH.spread_bps": "30"}
	settings, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for expected, restores := range []any{nil, nil, 1} {
		set := settings
		if expected == 1 {
			set = []byte(`{}`)
		}
		if _, err := pool.Exec(t.Context(), "SELECT config_set($1, $2, $3, 'a drill', 'alice')", expected, string(set), restores); err != nil {
			t.Fatal(err)
		}
	}
	got, err := store.Newest(t.Context())
	if err != nil || got.Version != 3 || !maps.Equal(got.Settings, want) || got.Restores == nil || *got.Restores != 1 || got.Actor != "alice" || got.Reason != "a drill" {
		t.Errorf("%+v, %v", got, err)
	}
	var body string
	if err := pool.QueryRow(t.Context(), "SELECT body FROM outbox ORDER BY id DESC LIMIT 1").Scan(&body); err != nil {
		t.Fatal(err)
	}
	var told config.Version
	if err := json.Unmarshal([]byte(body), &told); err != nil || told.Version != 3 || !maps.Equal(told.Settings, want) || *told.Restores != 1 || !told.At.Equal(got.At) {
		t.Errorf("told %s as %+v, %v; want %+v", body, told, err, got)
	}
}

func TestDaemonsReport(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "liquidity")
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	store := postgres.NewConfigs(pool, func() time.Time { return now })
	defaults := config.Document{"limits.lock_seconds": "60"}
	for _, r := range []config.Report{
		{Instance: "gone", Defaults: defaults, Version: 0, Wanted: 0},
		{Instance: "a", Defaults: defaults, Version: config.None, Wanted: 1, Problem: "why"},
		{Instance: "a", Defaults: defaults, Version: 1, Wanted: 2, Problem: strings.Repeat("é", 5000), Pending: "kraken ETH-BTC"},
	} {
		if r.Instance == "a" {
			now = now.Add(20 * time.Hour)
		}
		if err := store.Report(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	var rows string
	err := pool.QueryRow(t.Context(), `SELECT string_agg(concat_ws(' ', instance, version, wanted, left(problem, 2), length(problem), pending, defaults ->> 'limits.lock_seconds'), ';') FROM config_daemon`).Scan(&rows)
	if err != nil || rows != "a 1 2 éé 2000 kraken ETH-BTC 60" {
		t.Errorf("%s, %v", rows, err)
	}
	if err := store.Report(t.Context(), config.Report{Instance: "b", Defaults: defaults, Version: 1, Wanted: 2}); err == nil {
		t.Error("a version that is not run has no reason")
	}
}
