package postgres

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/gateway"
	"ferry/gateway/stream"
	"ferry/swap"
)

// The statements of streams, one a file.
var (
	//go:embed known.sql
	knownSQL string
	//go:embed updates_after.sql
	updatesAfterSQL string
	//go:embed recent.sql
	recentSQL string
)

// Known implements gateway.Store.
func (s *Store) Known(ctx context.Context, id string) (bool, error) {
	var known bool
	if err := s.pool.QueryRow(ctx, knownSQL, id).Scan(&known); err != nil {
		return false, explain("look for swap "+id, err)
	}
	return known, nil
}

// UpdatesAfter implements gateway.Store.
func (s *Store) UpdatesAfter(ctx context.Context, from []stream.Position, most int) ([]swap.Update, error) {
	ids, after := make([]string, len(from)), make([]int64, len(from))
	for i, p := range from {
		ids[i], after[i] = p.SwapID, p.After
	}
	// Query's error is CollectRows's too.
	rows, _ := s.pool.Query(ctx, updatesAfterSQL, ids, after, most)
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (swap.Update, error) {
		var u swap.Update
		var d detail
		err := row.Scan(&u.SwapID, &u.Version, &u.State, &u.Cause, &u.Message, &u.At, &d)
		return d.of(u), err
	})
	if err != nil {
		return nil, explain(fmt.Sprintf("read the updates of %d swaps", len(from)), err)
	}
	return list, nil
}

// Recent implements gateway.Store.
func (s *Store) Recent(ctx context.Context, most int) ([]gateway.Record, error) {
	rows, _ := s.pool.Query(ctx, recentSQL, most)
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (gateway.Record, error) {
		var rec gateway.Record
		var body []byte
		if err := row.Scan(&rec.SignedQuote, &rec.CreatedAt, &body); err != nil {
			return rec, err
		}
		return rec, json.Unmarshal(body, &rec.Newest)
	})
	if err != nil {
		return nil, explain("read the newest swaps", err)
	}
	return list, nil
}
