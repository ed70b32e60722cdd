package postgres

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/swap/asset"
)

//go:embed measure_locks.sql
var measureLocksSQL string

// LockMeasure counts what is promised of one payout asset.
type LockMeasure struct {
	Asset asset.ID
	// Open locks can still be accepted. Promised are locks that were and whose swap is
	// not over, and requotes that are neither paid nor moot.
	Open, Promised int64
}

// MeasureLocks counts open locks and promises. Only those not closed are read.
func MeasureLocks(ctx context.Context, db Reader, now time.Time) ([]LockMeasure, error) {
	var assets []string
	for _, a := range asset.All() {
		assets = append(assets, string(a.ID))
	}
	rows, err := db.Query(ctx, measureLocksSQL, pgx.NamedArgs{"now": now, "payout_assets": assets})
	if err != nil {
		return nil, fmt.Errorf("measure the locks: %w", err)
	}
	measures, err := pgx.CollectRows(rows, pgx.RowToStructByPos[LockMeasure])
	if err != nil {
		return nil, fmt.Errorf("measure the locks: %w", err)
	}
	return measures, nil
}

// Reader is a pool, connection or transaction that reads.
type Reader interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}
