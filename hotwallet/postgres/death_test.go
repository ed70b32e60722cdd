package postgres

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"ferry/migrations/pgtest"
	"ferry/swap/asset"
)

// What has ended is looked for before each signature on a chain of coins, and what it has left free
// before some plans: by an index on the orders of batches and one on the coins of deaths, however many
// of either are kept.
func TestDeathsAreFoundByTheirCoins(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "hotwallet")
	coins := []string{strings.Repeat("0a", 32) + ":0"}
	for _, c := range []struct {
		sql  string
		args []any
		want []string
	}{
		{deathsSQL, []any{asset.Bitcoin, []string{"order"}, coins}, []string{"Bitmap Index Scan on death_coins", "Index Cond: (coins && ", "Index Cond: (orders && "}},
		{freedCoinsSQL, []any{asset.Bitcoin, coins}, []string{"Bitmap Index Scan on death_coins", "Index Cond: (coins && "}},
	} {
		plan := ""
		err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			// Of so few rows it would read all, whatever there is.
			if _, err := tx.Exec(t.Context(), "SET LOCAL enable_seqscan = off"); err != nil {
				return err
			}
			rows, err := tx.Query(t.Context(), "EXPLAIN "+c.sql, c.args...)
			if err != nil {
				return err
			}
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			plan = strings.Join(lines, "\n")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range c.want {
			if !strings.Contains(plan, part) {
				t.Errorf("the plan has no %q:\n%s", part, plan)
			}
		}
		if strings.Contains(plan, "Seq Scan") {
			t.Errorf("all that is kept is read:\n%s", plan)
		}
	}
}
