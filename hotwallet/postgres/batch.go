package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/ledger"
)

var (
	batchSQL          = statement("READ_BATCH")
	batchPaymentsSQL  = statement("BATCH_PAYMENTS")
	batchAttemptsSQL  = statement("BATCH_ATTEMPTS")
	lockDepositsSQL   = statement("LOCK_DEPOSITS")
	planPaymentsSQL   = statement("PLAN_PAYMENTS")
	earlierBatchesSQL = statement("EARLIER_BATCHES")
	insertBatchSQL    = statement("INSERT_BATCH")
	insertAttemptSQL  = statement("INSERT_ATTEMPT")
	moveBatchSQL      = statement("MOVE_BATCH")
	followBatchSQL    = statement("FOLLOW_BATCH")
	signAttemptSQL    = statement("SIGN_ATTEMPT")
	answerAttemptSQL  = statement("ANSWER_ATTEMPT")
)

// Batch implements payment.Store.
func (s *Store) Batch(ctx context.Context, batchID string) (payment.Batch, error) {
	b := payment.Batch{ID: batchID}
	err := s.read(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, batchSQL, batchID, s.chain).Scan(&b.Purpose, &b.State, &b.Version)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, batchPaymentsSQL, batchID)
		if err != nil {
			return err
		}
		b.Payments, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p payment.Payment, err error) {
			var body string
			if err = row.Scan(&body, &p.State, &p.Version, &p.Reason, &p.Since); err == nil {
				p.Since = p.Since.UTC()
				err = decodePayment(body, &p)
			}
			p.BatchID = batchID
			return p, err
		})
		if err != nil {
			return err
		}
		if rows, err = tx.Query(ctx, batchAttemptsSQL, batchID); err != nil {
			return err
		}
		b.Attempts, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a payment.Attempt, err error) {
			var plan string
			if err = row.Scan(&a.N, &a.State, &plan, &a.Raw, &a.TxID, &a.Reason, &a.PlannedAt, &a.Height); err == nil {
				a.PlannedAt = a.PlannedAt.UTC()
				err = json.Unmarshal([]byte(plan), &a.Plan)
			}
			return a, err
		})
		if err == nil {
			b.Before, err = s.before(ctx, tx, batchID)
		}
		if err == nil && (b.State == swap.PaymentSigned || b.State == swap.PaymentBroadcast) {
			b.Lost, err = s.lost(ctx, tx, batchID)
		}
		return err
	})
	if err != nil {
		return b, fmt.Errorf("read batch %s: %w", batchID, err)
	}
	if len(b.Payments) == 0 || len(b.Attempts) == 0 {
		return b, fmt.Errorf("read batch %s: it has %d payments and %d attempts: %w", batchID, len(b.Payments), len(b.Attempts), payment.ErrChanged)
	}
	return b, nil
}

// StorePlan implements payment.Store.
func (s *Store) StorePlan(ctx context.Context, payments []payment.Payment, plan chain.Plan) (payment.Batch, error) {
	var b payment.Batch
	encoded, err := json.Marshal(plan)
	if err != nil {
		return b, fmt.Errorf("encode a plan: %w", err)
	}
	ids, versions, err := planned(payments)
	if err != nil {
		return b, err
	}
	var height int64
	now := s.now()
	err = s.write(ctx, func(tx pgx.Tx) error {
		if b.ID, err = s.batchID(ctx, tx, ids); err != nil {
			return err
		}
		if err := lockDeposits(ctx, tx, payments); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, insertBatchSQL, b.ID, s.chain, payments[0].Order.Purpose, ids, now); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, planPaymentsSQL, s.chain, b.ID, ids, versions, now)
		if err != nil {
			return err
		}
		if n := tag.RowsAffected(); n != int64(len(ids)) {
			return fmt.Errorf("%d of %d payments can be planned: %w", n, len(ids), payment.ErrChanged)
		}
		var nonce *int64
		if !keepsAccounts(s.chain) {
			err = s.reserveCoins(ctx, tx, b.ID, ids, plan)
		} else {
			nonce, err = s.takeNonce(ctx, tx, payments[0], plan)
		}
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, insertAttemptSQL, b.ID, 1, s.chain, string(encoded), plan.Fee, nonce, plan.SenderPath, now).Scan(&height)
	})
	if err != nil {
		return payment.Batch{}, fmt.Errorf("plan %s: %w", ids[0], err)
	}
	b.Purpose, b.State, b.Version = payments[0].Order.Purpose, swap.PaymentQueued, 1
	for _, p := range payments {
		p.BatchID, p.Reason, p.Version, p.Since, p.Attempt = b.ID, "", p.Version+1, now, nil
		b.Payments = append(b.Payments, p)
	}
	b.Attempts = []payment.Attempt{{N: 1, State: payment.AttemptPlanned, Plan: plan, PlannedAt: now, Height: height}}
	return b, nil
}

// planned are the ids and versions of what is to be one batch.
func planned(payments []payment.Payment) (ids []string, versions []int64, err error) {
	if len(payments) == 0 {
		return nil, nil, errors.New("a plan pays nobody")
	}
	for _, p := range payments {
		ids, versions = append(ids, p.Order.ID), append(versions, p.Version)
	}
	return ids, versions, nil
}

func (s *Store) batchID(ctx context.Context, tx pgx.Tx, orders []string) (string, error) {
	var earlier int
	if err := tx.QueryRow(ctx, earlierBatchesSQL, payment.BatchID(orders, 0)).Scan(&earlier); err != nil {
		return "", err
	}
	return payment.BatchID(orders, earlier), nil
}

// lockDeposits has reorganisations that would take one of the deposits back wait for the plan.
func lockDeposits(ctx context.Context, tx pgx.Tx, payments []payment.Payment) error {
	for _, p := range payments {
		if p.House != nil {
			continue // it uses up none
		}
		locked, err := tx.Exec(ctx, lockDepositsSQL, depositArgs(p.Order)...)
		if err != nil {
			return fmt.Errorf("lock the deposits of %s: %w", p.Order.ID, err)
		}
		if n := locked.RowsAffected(); n == 0 || n != int64(len(p.Order.Deposits)) {
			return fmt.Errorf("%d of %d deposits of %s are confirmed: %w", n, len(p.Order.Deposits), p.Order.ID, payment.ErrChanged)
		}
	}
	return nil
}

// moveBatch moves a batch, and its payments with it, or fails with ErrChanged.
func (s *Store) moveBatch(ctx context.Context, tx pgx.Tx, b payment.Batch, to swap.PaymentState, reason string) error {
	if err := changedOne(tx.Exec(ctx, moveBatchSQL, b.ID, s.chain, b.Version, b.State, to)); err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, followBatchSQL, b.ID, to, reason, s.now())
	if err == nil && tag.RowsAffected() != int64(len(b.Payments)) {
		return fmt.Errorf("%d of %d payments followed: %w", tag.RowsAffected(), len(b.Payments), payment.ErrChanged)
	}
	return err
}

// StoreSigned implements payment.Store.
func (s *Store) StoreSigned(ctx context.Context, b payment.Batch, raw []byte, txid string) (payment.Batch, error) {
	if len(b.Attempts) == 0 || len(raw) == 0 || txid == "" {
		return b, fmt.Errorf("batch %s is signed without a plan, bytes or a txid", b.ID)
	}
	n := b.Last().N
	holds, err := s.holdEntries(b)
	if err != nil {
		return b, err
	}
	err = s.write(ctx, func(tx pgx.Tx) error {
		err := errors.Join(
			s.moveBatch(ctx, tx, b, b.SignedState(), ""),
			changedOne(tx.Exec(ctx, signAttemptSQL, b.ID, n, raw, txid, s.now())))
		if err != nil {
			return fmt.Errorf("store the signed bytes of %s: %w", b.ID, err)
		}
		return s.postEntries(ctx, tx, holds)
	})
	if err != nil {
		return b, err
	}
	return b.Moved(b.SignedState(), "", n, func(a *payment.Attempt) {
		a.State, a.Raw, a.TxID = payment.AttemptSigned, raw, txid
	}), nil
}

// holdEntries book each payment's amount and its share of the fee as in flight from the
// moment the bytes exist, for a later attempt what it costs more. The fee is in the chain's own asset, whatever is paid.
func (s *Store) holdEntries(b payment.Batch) ([]ledger.Entry, error) {
	var all []ledger.Entry
	for i, p := range b.Payments {
		gas, first, err := heldMore(b, i)
		if err != nil {
			return nil, err
		}
		if !first {
			if !gas.IsZero() {
				all = append(all, ledger.Transfer(payment.HoldKey(b, b.Last().N, p.Order.ID), "payment.hold", p.Order.SwapID,
					ledger.InFlight, ledger.Wallet, s.amount(gas)))
			}
			continue
		}
		o, held := p.Order, p.Order.Amount
		if a, known := asset.Lookup(o.Amount.Asset); !known || a.Chain != s.chain {
			return nil, fmt.Errorf("payment %s is in %s, which is not of %s", o.ID, o.Amount.Asset, s.chain)
		}
		if p.House != nil { // what it moves stays ours
			held, gas = s.amount(gas), asset.Units{}
		} else if o.Amount.Asset == s.native.ID {
			if held.Units, err = o.Amount.Units.Add(gas); err != nil {
				return nil, fmt.Errorf("hold for %s: %w", o.ID, err)
			}
			gas = asset.Units{}
		}
		e := ledger.Transfer(payment.HoldKey(b, b.Last().N, o.ID), "payment.hold", o.SwapID, ledger.InFlight, ledger.Wallet, held)
		if !gas.IsZero() {
			e.Postings = append(e.Postings, ledger.Debit(ledger.InFlight, s.amount(gas)), ledger.Credit(ledger.Wallet, s.amount(gas)))
		}
		all = append(all, e)
	}
	return all, nil
}

// StoreAnswer implements payment.Store.
func (s *Store) StoreAnswer(ctx context.Context, b payment.Batch, n int, a payment.Answer) (payment.Batch, error) {
	before, err := b.Attempt(n)
	if err != nil || len(before.Raw) == 0 {
		return b, fmt.Errorf("batch %s was handed in without signed bytes", b.ID)
	}
	state, attempt := b.State, before.State
	if a.Acceptance == chain.Accepted || a.Acceptance == chain.Unknown {
		state, attempt = swap.PaymentBroadcast, payment.AttemptBroadcast
	}
	var messages []bus.Message
	if state != b.State {
		if messages, err = facts(b, before, a); err != nil {
			return b, err
		}
	}
	err = s.write(ctx, func(tx pgx.Tx) error {
		err := errors.Join(s.moveBatch(ctx, tx, b, state, a.Reason),
			changedOne(tx.Exec(ctx, answerAttemptSQL, b.ID, n, before.State, attempt, string(a.Acceptance), a.At)))
		if err != nil {
			return fmt.Errorf("store the node's answer on %s: %w", b.ID, err)
		}
		return bus.Put(ctx, tx, messages...)
	})
	if err != nil {
		return b, err
	}
	return b.Moved(state, a.Reason, n, func(moved *payment.Attempt) { moved.State = attempt }), nil
}

// facts tell that each payment was handed in.
func facts(b payment.Batch, a payment.Attempt, answer payment.Answer) ([]bus.Message, error) {
	told, err := b.Facts(swap.FactPaymentBroadcast, a, answer.At)
	if err != nil {
		return nil, err
	}
	var messages []bus.Message
	for _, f := range told {
		if f.SwapID == "" {
			continue // the house's own: nobody waits to be told
		}
		m, err := bus.FactMessage(f)
		if err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	return messages, nil
}

// StoreBatchReason implements payment.Store.
func (s *Store) StoreBatchReason(ctx context.Context, b payment.Batch, reason string) (payment.Batch, error) {
	err := s.write(ctx, func(tx pgx.Tx) error { return s.moveBatch(ctx, tx, b, b.State, reason) })
	if err != nil {
		return b, fmt.Errorf("store why %s stands still: %w", b.ID, err)
	}
	return b.Moved(b.State, reason, 0, nil), nil
}
