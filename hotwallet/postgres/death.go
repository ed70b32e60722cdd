package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/payment"
	"ferry/swap"
)

var (
	retryPaymentSQL = statement("RETRY_PAYMENT")
	endedBatchSQL   = statement("ENDED_BATCH")
	insertDeathSQL  = statement("INSERT_DEATH")
	buryAttemptsSQL = statement("BURY_ATTEMPTS")
	freePaymentsSQL = statement("FREE_PAYMENTS")
	deathsSQL       = statement("DEATHS")
)

// retryOrders takes over orders that were told again after a failure.
func (s *Store) retryOrders(ctx context.Context, tx pgx.Tx, orders []swap.Order) error {
	for _, o := range orders {
		body, err := json.Marshal(o)
		if err != nil {
			return fmt.Errorf("encode order %s: %w", o.ID, err)
		}
		// One that is not this chain's, or has been told since, is left alone.
		if _, err := tx.Exec(ctx, retryPaymentSQL, o.ID, s.chain, string(body), o.Retry, s.now(), payment.ReasonProof); err != nil {
			return fmt.Errorf("order %s again: %w", o.ID, err)
		}
	}
	return nil
}

// Ended implements payment.Store.
func (s *Store) Ended(ctx context.Context, b payment.Batch) (payment.DeathRequest, error) {
	r := payment.DeathRequest{Chain: s.chain}
	var sender string
	var nonce uint64
	err := s.pool.QueryRow(ctx, endedBatchSQL, b.ID, s.chain).Scan(&sender, &nonce, &r.Spender, &r.Block.Height, &r.Block.Hash)
	if errors.Is(err, pgx.ErrNoRows) {
		err = payment.ErrChanged
	}
	if err != nil {
		return r, fmt.Errorf("read how %s ended: %w", b.ID, err)
	}
	r.Anchor = fmt.Sprintf("%s:%s:%d", s.chain, sender, nonce)
	r.Spent = r.Anchor
	return r, nil
}

// StoreDeath implements payment.Store.
func (s *Store) StoreDeath(ctx context.Context, b payment.Batch, r payment.DeathRequest) error {
	err := s.write(ctx, func(tx pgx.Tx) error {
		now := s.now()
		if err := changedOne(tx.Exec(ctx, moveBatchSQL, b.ID, s.chain, b.Version, b.State, swap.PaymentDead)); err != nil {
			return err
		}
		lineage := r.Lineage
		if lineage == nil {
			lineage = [][]byte{}
		}
		if _, err := tx.Exec(ctx, insertDeathSQL, b.ID, s.chain, r.Anchor, r.Spent, lineage, r.Spender, r.Block.Height, r.Block.Hash, now); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, buryAttemptsSQL, b.ID); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, freePaymentsSQL, b.ID, now)
		if err != nil {
			return err
		}
		orders, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (o swap.Order, err error) {
			var body string
			if err = row.Scan(&body); err == nil {
				o, err = decodeOrder(body)
			}
			return o, err
		})
		if err != nil {
			return err
		}
		if len(orders) != len(b.Payments) {
			return fmt.Errorf("%d of %d payments are to be made anew: %w", len(orders), len(b.Payments), payment.ErrChanged)
		}
		return tellQueued(ctx, tx, orders, now)
	})
	if err != nil {
		return fmt.Errorf("store the death of %s: %w", b.ID, err)
	}
	return nil
}

// Deaths implements payment.Store.
func (s *Store) Deaths(ctx context.Context, orders []string) ([]payment.DeathRequest, error) {
	rows, err := s.pool.Query(ctx, deathsSQL, s.chain, orders)
	if err != nil {
		return nil, fmt.Errorf("read what has ended: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r payment.DeathRequest, err error) {
		err = row.Scan(&r.Chain, &r.Anchor, &r.Spent, &r.Lineage, &r.Spender, &r.Block.Height, &r.Block.Hash)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("read what has ended: %w", err)
	}
	return all, nil
}
