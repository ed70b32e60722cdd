package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"ferry/migrations/pgtest"
	"ferry/statemachine/postgres"
	"ferry/statemachine/storetest"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/ledger"
)

// The suite that the model passes too.
func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		pool := pgtest.New(t, "swap")
		b := &bundle{pool: pool, store: postgres.New(pool)}
		return storetest.Subject{Store: b.store, Stale: postgres.ErrStale,
			Outbox: func(t *testing.T) []bus.Message {
				t.Helper()
				rows, err := pool.Query(t.Context(), "SELECT topic, key, kind, body FROM outbox ORDER BY xid, id")
				if err != nil {
					t.Fatal(err)
				}
				all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[bus.Message])
				if err != nil {
					t.Fatal(err)
				}
				return all
			},
			Balance: func(t *testing.T, account ledger.Account, id asset.ID) string {
				t.Helper()
				var sum string
				err := pool.QueryRow(t.Context(), "SELECT coalesce(sum(units), 0)::text FROM posting WHERE account = $1 AND asset = $2",
					string(account), string(id)).Scan(&sum)
				if err != nil {
					t.Fatal(err)
				}
				return sum
			},
			Malformed: func(t *testing.T) int { return b.count(t, "SELECT count(*) FROM malformed_record") },
			Timeline: func(t *testing.T, id string) int {
				return b.count(t, "SELECT count(*) FROM swap_event WHERE swap_id = $1", id)
			}}
	})
}
