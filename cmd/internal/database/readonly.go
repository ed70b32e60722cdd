package database

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ReadOnly runs f on one snapshot in a transaction that can write nothing and
// whose statements Postgres itself ends after the limit.
func ReadOnly(ctx context.Context, pool *pgxpool.Pool, limit time.Duration, f func(tx pgx.Tx) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, pool, options, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SELECT set_config('statement_timeout', $1, true)", strconv.FormatInt(limit.Milliseconds(), 10))
		if err != nil {
			return fmt.Errorf("limit the statements: %w", err)
		}
		return f(tx)
	})
}
