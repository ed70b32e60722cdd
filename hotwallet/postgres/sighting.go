package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/swap"
)

var (
	seeDepositsSQL     = statement("SEE_DEPOSITS")
	openSightingsSQL   = statement("OPEN_SIGHTINGS")
	replaceDepositsSQL = statement("REPLACE_DEPOSITS")
)

// Sightings lists the ids of deposits that are seen and in no block.
func (s *Store) Sightings(ctx context.Context) ([]string, error) {
	rows, err := s.pool.Query(ctx, openSightingsSQL, s.chain)
	if err != nil {
		return nil, fmt.Errorf("read the sightings on %s: %w", s.chain, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read the sightings on %s: %w", s.chain, err)
	}
	return ids, nil
}

// See stores and tells unconfirmed deposits: those that are new, and those that
// had been given up. Our own change and what is in a block are passed over.
func (s *Store) See(ctx context.Context, credits []chain.Credit) error {
	err := s.change(ctx, func(c *change) error {
		own, err := c.ownAttempts(ctx, credits, nil)
		if err != nil {
			return err
		}
		arrived := slices.DeleteFunc(slices.Clone(credits), func(credit chain.Credit) bool {
			_, ours := own[credit.TxID]
			return ours
		})
		if len(arrived) == 0 {
			return nil
		}
		addresses, err := c.ownAddresses(ctx, arrived)
		if err != nil {
			return err
		}
		if err := c.burnPaid(ctx, addresses); err != nil {
			return err
		}
		seen, err := c.deposits(ctx, seeDepositsSQL, c.depositArgs(arrived, addresses)...)
		if err != nil {
			return err
		}
		for _, d := range seen {
			c.tell(swap.FactDepositSeen, d, 0)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store %d sightings on %s: %w", len(credits), s.chain, err)
	}
	return nil
}

// Replace gives sightings up that have left the mempool unmined. Any that is in
// a block by now stays.
func (s *Store) Replace(ctx context.Context, ids []string) error {
	err := s.change(ctx, func(c *change) error {
		gone, err := c.deposits(ctx, replaceDepositsSQL, s.chain, ids)
		if err != nil {
			return err
		}
		for _, d := range gone {
			c.tell(swap.FactDepositReplaced, d, 0)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("give %d sightings on %s up: %w", len(ids), s.chain, err)
	}
	return nil
}

// DepositID is the id under which a credit is stored.
func (s *Store) DepositID(credit chain.Credit) string { return s.depositID(credit) }
