package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

var (
	retryPaymentSQL = statement("RETRY_PAYMENT")
	endedBatchSQL   = statement("ENDED_BATCH")
	endedNonceSQL   = statement("ENDED_NONCE")
	endedCoinSQL    = statement("ENDED_COIN")
	makersDeathSQL  = statement("MAKERS_DEATH")
	heldByBatchSQL  = statement("HELD_BY_BATCH")
	forgetCoinsSQL  = statement("FORGET_COINS")
	returnCoinsSQL  = statement("RETURN_COINS")
	insertDeathSQL  = statement("INSERT_DEATH")
	buryAttemptsSQL = statement("BURY_ATTEMPTS")
	freePaymentsSQL = statement("FREE_PAYMENTS")
	deathsSQL       = statement("DEATHS")
	deathCoinsSQL   = statement("NOTE_DEATH_COINS")
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
func (s *Store) Ended(ctx context.Context, b payment.Batch) (payment.Ending, error) {
	end := payment.Ending{DeathRequest: payment.DeathRequest{Chain: s.chain}}
	var err error
	if keepsAccounts(s.chain) {
		err = s.endedNonce(ctx, b, &end.DeathRequest)
	} else {
		err = s.endedCoin(ctx, b, &end)
	}
	if err != nil {
		return end, fmt.Errorf("read how %s ended: %w", b.ID, err)
	}
	return end, nil
}

// endedNonce: a batch that failed has used its nonce itself; of another it ends nothing but
// a stranger's use.
func (s *Store) endedNonce(ctx context.Context, b payment.Batch, r *payment.DeathRequest) error {
	var sender string
	var nonce uint64
	sql, failed := endedNonceSQL, b.State == swap.PaymentFailed
	if failed {
		sql = endedBatchSQL
	}
	err := s.pool.QueryRow(ctx, sql, b.ID, s.chain).Scan(&sender, &nonce, &r.Spender, &r.Block.Height, &r.Block.Hash)
	switch {
	case errors.Is(err, pgx.ErrNoRows) && failed:
		return payment.ErrChanged
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	}
	r.Anchor = fmt.Sprintf("%s:%s:%d", s.chain, sender, nonce)
	r.Spent = r.Anchor
	return err
}

// endedCoin: what made a coin that is gone may itself be a payment of ours that is dead,
// and then both have ended alike.
func (s *Store) endedCoin(ctx context.Context, b payment.Batch, end *payment.Ending) error {
	coin := b.Attempts[0].Plan.Coins[0]
	var gone bool
	var from int64
	err := s.pool.QueryRow(ctx, endedCoinSQL, s.chain, coin.TxID, int64(coin.Index), b.ID).
		Scan(&gone, &from, &end.Spender, &end.Block.Height, &end.Block.Hash)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return err
	case !gone && end.Block.Hash == "": // unspent, or in a block of long ago
		end.Spender = ""
		return nil
	}
	end.Anchor = string(s.chain) + ":" + coin.ID()
	end.Spent = end.Anchor
	if !gone {
		return nil
	}
	var made []byte
	var lineage [][]byte
	err = s.pool.QueryRow(ctx, makersDeathSQL, s.chain, coin.TxID).
		Scan(&made, &end.Spent, &lineage, &end.Spender, &end.Block.Height, &end.Block.Hash)
	switch {
	case errors.Is(err, pgx.ErrNoRows) && from < 0: // change of our own that is on its way: it ends with what makes it
		end.Anchor, end.Spent = "", ""
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		end.From = from
		return nil
	}
	end.From, end.Lineage = max(from, 0), append([][]byte{made}, lineage...)
	return err
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
		if _, err := tx.Exec(ctx, deathCoinsSQL, []string{b.ID}); err != nil {
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
		if b.State != swap.PaymentFailed {
			return s.release(ctx, tx, b)
		}
		return tellQueued(ctx, tx, orders, now)
	})
	if err != nil {
		return fmt.Errorf("store the death of %s: %w", b.ID, err)
	}
	return nil
}

// release has what the books hold for a batch that is dead be available again, with what
// is left of its coins.
func (s *Store) release(ctx context.Context, tx pgx.Tx, b payment.Batch) error {
	rows, err := tx.Query(ctx, heldByBatchSQL, b.ID)
	if err != nil {
		return err
	}
	var order, swapID string
	var held asset.Amount
	var entries []ledger.Entry
	_, err = pgx.ForEachRow(rows, []any{&order, &swapID, &held.Asset, &held.Units}, func() error {
		entries = append(entries, ledger.Transfer(payment.DeadKey(b, order, held.Asset), "payment.dead", swapID, ledger.Wallet, ledger.InFlight, held))
		return nil
	})
	if err != nil {
		return err
	}
	for _, sql := range []string{forgetCoinsSQL, returnCoinsSQL} {
		if _, err := tx.Exec(ctx, sql, s.chain, b.ID); err != nil {
			return fmt.Errorf("free its coins: %w", err)
		}
	}
	return s.postEntries(ctx, tx, entries)
}

// Deaths implements payment.Store.
func (s *Store) Deaths(ctx context.Context, orders, coins []string) ([]payment.DeathRequest, error) {
	rows, err := s.pool.Query(ctx, deathsSQL, s.chain, orders, coins)
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
