package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/payment"
	"ferry/swap"
)

var (
	returnNonceSQL  = statement("RETURN_NONCE")
	giveUpSQL       = statement("GIVE_UP_PAYMENTS")
	dropFirstSQL    = statement("DROP_FIRST")
	forgetFirstSQL  = statement("FORGET_FIRST")
	forgetBatchSQL  = statement("FORGET_BATCH")
	senderOfPathSQL = statement("SENDER_OF_PATH")
)

// giveUp ends a batch of which nothing was signed. Its rows go with it, unless they have to
// say that there is a gap among the nonces: what is refused for long would leave one each
// time.
func (s *Store) giveUp(ctx context.Context, b payment.Batch, reason string) (payment.Batch, error) {
	plan := b.Last().Plan
	given := b
	given.State, given.Version = swap.PaymentDropped, b.Version+1
	err := s.write(ctx, func(tx pgx.Tx) error {
		err := changedOne(tx.Exec(ctx, moveBatchSQL, b.ID, s.chain, b.Version, b.State, swap.PaymentDropped))
		if err != nil {
			return err
		}
		gap := false
		if keepsAccounts(s.chain) {
			gap, err = s.leavesGap(ctx, tx, plan.SenderPath, plan.Nonce)
		} else {
			for _, sql := range []string{forgetCoinsSQL, returnCoinsSQL} {
				_, failed := tx.Exec(ctx, sql, s.chain, b.ID)
				err = errors.Join(err, failed)
			}
		}
		if err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, giveUpSQL, b.ID, reason, s.now())
		if err != nil || tag.RowsAffected() != int64(len(b.Payments)) {
			return errors.Join(err, fmt.Errorf("%d of %d payments are queued again: %w", tag.RowsAffected(), len(b.Payments), payment.ErrChanged))
		}
		if gap {
			return changedOne(tx.Exec(ctx, dropFirstSQL, b.ID))
		}
		return errors.Join(changedOne(tx.Exec(ctx, forgetFirstSQL, b.ID)), changedOne(tx.Exec(ctx, forgetBatchSQL, b.ID)))
	})
	if err != nil {
		return b, fmt.Errorf("give up %s: %w", b.ID, err)
	}
	return given, nil
}

// leavesGap takes a nonce back that was the last one given. One that was not has to be
// filled. Deposit addresses take theirs from blocks.
func (s *Store) leavesGap(ctx context.Context, tx pgx.Tx, path string, nonce uint64) (bool, error) {
	tag, err := tx.Exec(ctx, returnNonceSQL, s.chain, path, int64(nonce))
	if err != nil || tag.RowsAffected() == 1 {
		return false, err
	}
	var gives bool
	err = tx.QueryRow(ctx, senderOfPathSQL, s.chain, path).Scan(&gives)
	return gives, err
}
