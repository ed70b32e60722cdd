package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

var (
	lostDeathsSQL = statement("LOST_DEATHS")
	forgetLostSQL = statement("FORGET_LOST_COINS")
	returnLostSQL = statement("RETURN_LOST_COINS")
	lostCoinsSQL  = statement("LOST_COINS")
	reviveLostSQL = statement("REVIVE_LOST")
)

// lost are the coins that a batch was to spend and can't any more, as far as the blocks show.
func (s *Store) lost(ctx context.Context, tx pgx.Tx, batchID string) ([]string, error) {
	if keepsAccounts(s.chain) {
		return nil, nil
	}
	ids, err := texts(ctx, tx, lostCoinsSQL, s.chain, batchID, s.depth())
	if len(ids) == 0 {
		return nil, err
	}
	return ids, err
}

// lostMargin is how many blocks deeper than dead a batch has to be.
const lostMargin = 1

// freeLost has the coins be free that only lost attempts were to spend, once what was mined in
// their place is deeper than any reorganisation that is followed: by a block more than attestd
// asks for, so that a node of its own that is behind holds nobody up. What ends the lost
// attempts is stored, because the signer asks for attestd's word on it before it signs for
// such a coin again. Where nothing counts as dead they stay reserved.
func (c *change) freeLost(ctx context.Context, height int64) error {
	needed, ends := c.rules.Dead[c.chain]
	if keepsAccounts(c.chain) || !ends {
		return nil
	}
	rows, err := c.tx.Query(ctx, lostDeathsSQL, c.chain, height-needed+1-lostMargin, c.at)
	if err != nil {
		return fmt.Errorf("look for lost attempts: %w", err)
	}
	batches, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for lost attempts: %w", err)
	}
	if len(batches) == 0 {
		return nil
	}
	if _, err := c.tx.Exec(ctx, deathCoinsSQL, batches); err != nil {
		return fmt.Errorf("note the coins of lost attempts: %w", err)
	}
	for _, sql := range []string{forgetLostSQL, returnLostSQL} {
		if _, err := c.tx.Exec(ctx, sql, c.chain, batches); err != nil {
			return fmt.Errorf("free the coins of lost attempts: %w", err)
		}
	}
	return nil
}
