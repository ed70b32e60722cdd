package postgres

import (
	"context"
	_ "embed"
	"errors"

	"github.com/jackc/pgx/v5"

	"ferry/gateway"
	"ferry/swap/bus"
)

// The statements of amendments, one a file.
var (
	//go:embed amended.sql
	amendedSQL string
	//go:embed amend.sql
	amendSQL string
	//go:embed amendments_count.sql
	amendmentsCountSQL string
)

// Amended implements gateway.Store.
func (s *Store) Amended(ctx context.Context, swapID string, request gateway.Hash, since int64) (string, bool, error) {
	var document string
	err := s.pool.QueryRow(ctx, amendedSQL, swapID, request[:], since).Scan(&document)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, explain("read an amendment of "+swapID, err)
	}
	return document, true, nil
}

// Amend implements gateway.Store. Requests at the same time may pass the limit by as
// many as are worked on at a time.
func (s *Store) Amend(ctx context.Context, a gateway.Amendment) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var stored int
		if err := tx.QueryRow(ctx, amendmentsCountSQL, a.SwapID).Scan(&stored); err != nil {
			return err
		}
		if stored >= gateway.MaxAmendments {
			return gateway.ErrTooMany
		}
		tag, err := tx.Exec(ctx, amendSQL, a.SwapID, a.Request[:], a.Version, string(a.Kind), a.Document, a.At)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return bus.Put(ctx, tx, a.Fact)
	})
	if err != nil {
		return explain("store an amendment of "+a.SwapID, err)
	}
	return nil
}
