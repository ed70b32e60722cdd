package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

var freedCoinsSQL = statement("FREED_COINS")

// FreedCoins implements payment.Store.
func (s *Store) FreedCoins(ctx context.Context, coins []string) (map[string][]string, error) {
	ends := map[string][]string{}
	rows, err := s.pool.Query(ctx, freedCoinsSQL, s.chain, coins)
	if err != nil {
		return nil, fmt.Errorf("read which coins are free since something ended: %w", err)
	}
	var coin, anchor string
	if _, err := pgx.ForEachRow(rows, []any{&coin, &anchor}, func() error {
		ends[coin] = append(ends[coin], anchor)
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read which coins are free since something ended: %w", err)
	}
	return ends, nil
}
