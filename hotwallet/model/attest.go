package model

import (
	"context"
	"fmt"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
)

// DepositBlocks implements payment.Store.
func (s *Store) DepositBlocks(_ context.Context, o swap.Order) ([]chain.Ref, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.confirmed(o) {
		return nil, fmt.Errorf("a deposit of %s is not confirmed: %w", o.ID, payment.ErrChanged)
	}
	refs := make([]chain.Ref, len(o.Deposits))
	for i, d := range o.Deposits {
		row := s.deposits[d.ID]
		refs[i] = chain.Ref{Height: row.Height, Hash: row.blockHash}
	}
	return refs, nil
}
