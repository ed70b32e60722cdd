package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
)

var depositBlocksSQL = statement("DEPOSIT_BLOCKS")

// DepositBlocks implements payment.Store.
func (s *Store) DepositBlocks(ctx context.Context, o swap.Order) ([]chain.Ref, error) {
	rows, err := s.pool.Query(ctx, depositBlocksSQL, depositArgs(o)...)
	if err != nil {
		return nil, fmt.Errorf("look for the blocks of %s: %w", o.ID, err)
	}
	found := map[string]chain.Ref{}
	var id string
	var at chain.Ref
	if _, err := pgx.ForEachRow(rows, []any{&id, &at.Height, &at.Hash}, func() error {
		found[id] = at
		return nil
	}); err != nil {
		return nil, fmt.Errorf("look for the blocks of %s: %w", o.ID, err)
	}
	refs := make([]chain.Ref, len(o.Deposits))
	for i, d := range o.Deposits {
		ref, ok := found[d.ID]
		if !ok {
			return nil, fmt.Errorf("deposit %s of %s is not confirmed: %w", d.ID, o.ID, payment.ErrChanged)
		}
		refs[i] = ref
	}
	return refs, nil
}
