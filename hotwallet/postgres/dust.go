package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/dust"
)

var (
	dustSQL      = statement("DUST")
	storeDustSQL = statement("STORE_DUST")
)

var _ dust.Store = (*Store)(nil)

// Dust implements dust.Store.
func (s *Store) Dust(ctx context.Context) (l dust.Level, known bool, err error) {
	err = s.pool.QueryRow(ctx, dustSQL, s.chain).Scan(&l.Cost, &l.Threshold)
	if errors.Is(err, pgx.ErrNoRows) {
		return l, false, nil
	}
	if err != nil {
		return l, false, fmt.Errorf("read the dust threshold of %s: %w", s.chain, err)
	}
	return l, true, nil
}

// StoreDust implements dust.Store.
func (s *Store) StoreDust(ctx context.Context, l dust.Level) error {
	err := s.write(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, storeDustSQL, s.chain, l.Cost, l.Threshold, s.now())
		return err
	})
	if err != nil {
		return fmt.Errorf("store the dust threshold of %s: %w", s.chain, err)
	}
	return nil
}
