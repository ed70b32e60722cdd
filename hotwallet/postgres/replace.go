package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

var (
	heightSQL            = statement("HEIGHT")
	behindSQL            = statement("BEHIND_HEAD")
	replacedSenderSQL    = statement("REPLACED_SENDER")
	insertReplacementSQL = statement("INSERT_REPLACEMENT")
	dropAttemptSQL       = statement("DROP_ATTEMPT")
	freeCoinsSQL         = statement("FREE_COINS")
)

// ReplacementBasis implements payment.Store.
func (s *Store) ReplacementBasis(ctx context.Context, b payment.Batch) (payment.Basis, error) {
	var basis payment.Basis
	newest := b.Newest()
	err := s.read(ctx, func(tx pgx.Tx) (err error) {
		if err := tx.QueryRow(ctx, heightSQL, s.chain).Scan(&basis.Height); err != nil {
			return err
		}
		if !keepsAccounts(s.chain) {
			if basis.Funds, err = s.spendableCoins(ctx, tx, b.Payments[0].Order.ID); err != nil {
				return err
			}
			if basis.Funds.Must, err = s.spentAgain(ctx, tx, b.Left(newest.Plan.Coins)); err != nil {
				return err
			}
			basis.BuiltOn, err = s.builtOn(ctx, tx, b.ID)
			return err
		}
		if b.Purpose == swap.PurposeSweep {
			if basis.Funds, err = s.sweepingAccount(ctx, tx, b.Payments[0]); err == nil {
				basis.Funds.Nonce = newest.Plan.Nonce
			}
			return err
		}
		if basis.Behind, err = s.behind(ctx, tx, b.ID); err == nil {
			basis.Funds, err = s.replacedSender(ctx, tx, b, newest.Plan)
		}
		return err
	})
	if err != nil {
		return basis, fmt.Errorf("find funds for another attempt of %s: %w", b.ID, err)
	}
	return basis, nil
}

// behind is what waits for a batch's nonce.
func (s *Store) behind(ctx context.Context, tx pgx.Tx, batchID string) ([]payment.Behind, error) {
	rows, err := tx.Query(ctx, behindSQL, batchID, s.chain, payment.ReasonInFlight, payment.BehindMost)
	if err != nil {
		return nil, err
	}
	var all []payment.Behind
	var body string
	var fee asset.Units
	_, err = pgx.ForEachRow(rows, []any{&body, &fee}, func() error {
		var p payment.Payment
		if err := decodePayment(body, &p); err != nil { // by itself it says so: the head must not wait for it
			s.config.Log.WarnContext(ctx, "what waits behind a payment can't be read", "chain", s.chain, "batch", batchID, "error", err)
			return nil
		}
		all = append(all, payment.Behind{Order: p.Order, House: p.House, First: fee})
		return nil
	})
	return all, err
}

func (s *Store) replacedSender(ctx context.Context, tx pgx.Tx, b payment.Batch, p chain.Plan) (chain.Funds, error) {
	f := chain.Funds{SenderPath: p.SenderPath, Nonce: p.Nonce}
	err := tx.QueryRow(ctx, replacedSenderSQL, b.ID, s.chain, s.native.ID, true).Scan(&f.Balance, &f.Sender)
	if id := b.Payments[0].Order.Amount.Asset; err == nil && id != s.native.ID {
		err = tx.QueryRow(ctx, replacedSenderSQL, b.ID, s.chain, id, false).Scan(&f.TokenBalance, &f.Sender)
	}
	return f, err
}

// StoreReplacement implements payment.Store.
func (s *Store) StoreReplacement(ctx context.Context, b payment.Batch, plan chain.Plan, reason string) (payment.Batch, error) {
	if !b.Conflicts(plan) { // what the batch has lost it does without
		return b, fmt.Errorf("another attempt of %s does not spend what the first spends: both could be mined", b.ID)
	}
	encoded, err := json.Marshal(plan)
	if err != nil {
		return b, fmt.Errorf("encode a plan: %w", err)
	}
	var nonce *int64
	if keepsAccounts(s.chain) {
		n := int64(plan.Nonce)
		nonce = &n
	}
	next := b.Replaced(plan, reason, s.now(), 0)
	last := &next.Attempts[len(next.Attempts)-1]
	err = s.write(ctx, func(tx pgx.Tx) error {
		if err := s.moveBatch(ctx, tx, b, b.State, ""); err != nil {
			return err
		}
		lost, err := s.lost(ctx, tx, b.ID)
		if err != nil {
			return err
		}
		for _, id := range b.Lost {
			if !slices.Contains(lost, id) {
				return fmt.Errorf("coin %s is back: %w", id, payment.ErrChanged)
			}
		}
		if more := b.Further(plan); len(more) > 0 {
			if err := s.reserveCoins(ctx, tx, b.ID, b.Orders(), chain.Plan{Coins: more}); err != nil {
				return err
			}
		}
		// What something of ours builds on would end that, unless it can't be mined as it is.
		if built, err := s.builtOn(ctx, tx, b.ID); err != nil || built && !b.Relieved() {
			return errors.Join(err, payment.ErrChanged)
		}
		err = tx.QueryRow(ctx, insertReplacementSQL, b.ID, last.N, string(encoded), plan.Fee, nonce, last.PlannedAt, reason).Scan(&last.Height)
		if errors.Is(err, pgx.ErrNoRows) {
			return payment.ErrChanged
		}
		return err
	})
	if err != nil {
		return b, fmt.Errorf("store another attempt of %s: %w", b.ID, err)
	}
	return next, nil
}

// StoreDropped implements payment.Store.
func (s *Store) StoreDropped(ctx context.Context, b payment.Batch, reason string) (payment.Batch, error) {
	n := b.Last().N
	if n == 1 {
		return s.giveUp(ctx, b, reason)
	}
	dropped := b.Moved(b.State, reason, n, func(a *payment.Attempt) { a.State, a.Reason = payment.AttemptDropped, reason })
	err := s.write(ctx, func(tx pgx.Tx) error {
		err := errors.Join(s.moveBatch(ctx, tx, b, b.State, reason), changedOne(tx.Exec(ctx, dropAttemptSQL, b.ID, n, reason)))
		if err != nil || keepsAccounts(s.chain) {
			return err
		}
		var txids []string
		var indexes []int64
		for _, c := range dropped.Further(b.Last().Plan) {
			txids, indexes = append(txids, c.TxID), append(indexes, int64(c.Index))
		}
		_, err = tx.Exec(ctx, freeCoinsSQL, s.chain, b.ID, txids, indexes)
		return err
	})
	if err != nil {
		return b, fmt.Errorf("drop attempt %d of %s: %w", n, b.ID, err)
	}
	return dropped, nil
}

// heldMore is what the newest attempt's share of a payment's fee is above what is held for
// an earlier one; first where nothing is held yet.
func heldMore(b payment.Batch, i int) (more asset.Units, first bool, err error) {
	shares, err := payment.Shares(b.Last().Plan.Fee, len(b.Payments))
	if err != nil {
		return more, false, err
	}
	held, before := b.HeldFee()
	if !before {
		return shares[i], true, nil
	}
	had, err := payment.Shares(held, len(b.Payments))
	if err != nil || !had[i].Less(shares[i]) {
		return more, false, err
	}
	more, err = shares[i].Sub(had[i])
	return more, false, err
}
