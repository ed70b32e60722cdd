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
	openPaymentsSQL      = statement("OPEN_PAYMENTS")
	paymentSQL           = statement("READ_PAYMENT")
	confirmedDepositsSQL = statement("CONFIRMED_DEPOSITS")
	lockDepositsSQL      = statement("LOCK_DEPOSITS")
	planPaymentSQL       = statement("PLAN_PAYMENT")
	insertAttemptSQL     = statement("INSERT_ATTEMPT")
	signPaymentSQL       = statement("SIGN_PAYMENT")
	signAttemptSQL       = statement("SIGN_ATTEMPT")
	answerPaymentSQL     = statement("ANSWER_PAYMENT")
	answerAttemptSQL     = statement("ANSWER_ATTEMPT")
	reasonPaymentSQL     = statement("REASON_PAYMENT")
	haltedSQL            = statement("HALTED")
)

var (
	_ payment.Store      = (*Store)(nil)
	_ payment.OrderStore = (*Store)(nil)
)

// Halted says why the chain's payments stand still, "" if they run.
func (s *Store) Halted(ctx context.Context) (string, error) {
	var reason string
	if err := s.pool.QueryRow(ctx, haltedSQL, s.chain).Scan(&reason); err != nil {
		return "", fmt.Errorf("read the halt of %s: %w", s.chain, err)
	}
	return reason, nil
}

// OpenPayments implements payment.Store.
func (s *Store) OpenPayments(ctx context.Context, limit int) ([]payment.Open, error) {
	rows, err := s.pool.Query(ctx, openPaymentsSQL, s.chain, limit)
	if err != nil {
		return nil, fmt.Errorf("list open payments: %w", err)
	}
	open, err := pgx.CollectRows(rows, pgx.RowToStructByPos[payment.Open])
	if err != nil {
		return nil, fmt.Errorf("list open payments: %w", err)
	}
	return open, nil
}

// Payment implements payment.Store.
func (s *Store) Payment(ctx context.Context, orderID string) (payment.Payment, error) {
	var p payment.Payment
	var a payment.Attempt
	var body, plan string
	err := s.pool.QueryRow(ctx, paymentSQL, orderID, s.chain).Scan(
		&body, &p.State, &p.Version, &p.Reason, &a.N, &a.State, &plan, &a.Raw, &a.TxID)
	if err != nil {
		return p, fmt.Errorf("read payment %s: %w", orderID, err)
	}
	if p.Order, err = decodeOrder(body); err != nil {
		return p, err
	}
	if a.N > 0 {
		if err := json.Unmarshal([]byte(plan), &a.Plan); err != nil {
			return p, fmt.Errorf("decode the plan of %s: %w", orderID, err)
		}
		p.Attempt = &a
	}
	return p, nil
}

// DepositsConfirmed implements payment.Store.
func (s *Store) DepositsConfirmed(ctx context.Context, o swap.Order) (bool, error) {
	var confirmed int
	if err := s.pool.QueryRow(ctx, confirmedDepositsSQL, depositArgs(o)...).Scan(&confirmed); err != nil {
		return false, fmt.Errorf("look for the deposits of %s: %w", o.ID, err)
	}
	return confirmed == len(o.Deposits), nil
}

// depositArgs are what finds an order's deposits: ids, swap, assets, amounts.
func depositArgs(o swap.Order) []any {
	var assets, units []string
	for _, d := range o.Deposits {
		assets, units = append(assets, string(d.Amount.Asset)), append(units, d.Amount.Units.String())
	}
	return []any{o.DepositIDs(), o.SwapID, assets, units}
}

// StorePlan implements payment.Store.
func (s *Store) StorePlan(ctx context.Context, p payment.Payment, plan chain.Plan) (payment.Payment, error) {
	encoded, err := json.Marshal(plan)
	if err != nil {
		return p, fmt.Errorf("encode the plan of %s: %w", p.Order.ID, err)
	}
	now := s.now()
	err = s.write(ctx, func(tx pgx.Tx) error {
		o := p.Order
		locked, err := tx.Exec(ctx, lockDepositsSQL, depositArgs(o)...)
		if err != nil {
			return fmt.Errorf("plan %s, lock its deposits: %w", o.ID, err)
		}
		if n := locked.RowsAffected(); n == 0 || n != int64(len(o.Deposits)) {
			return fmt.Errorf("plan %s, %d of %d deposits are confirmed: %w", o.ID, n, len(o.Deposits), payment.ErrChanged)
		}
		if err := changedOne(tx.Exec(ctx, planPaymentSQL, p.Order.ID, s.chain, p.Version, now)); err != nil {
			return fmt.Errorf("plan %s: %w", p.Order.ID, err)
		}
		var nonce *int64
		if !keepsAccounts(s.chain) {
			err = s.reserveCoins(ctx, tx, p.Order.ID, plan)
		} else {
			nonce, err = s.takeNonce(ctx, tx, p, plan)
		}
		if err != nil {
			return fmt.Errorf("plan %s: %w", p.Order.ID, err)
		}
		_, err = tx.Exec(ctx, insertAttemptSQL, p.Order.ID, 1, s.chain, string(encoded), plan.Fee, nonce, now)
		if err != nil {
			return fmt.Errorf("store the attempt of %s: %w", p.Order.ID, err)
		}
		return nil
	})
	if err != nil {
		return p, err
	}
	p.Version++
	p.Reason, p.Attempt = "", &payment.Attempt{N: 1, State: payment.AttemptPlanned, Plan: plan}
	return p, nil
}

// StoreSigned implements payment.Store.
func (s *Store) StoreSigned(ctx context.Context, p payment.Payment, raw []byte, txid string) (payment.Payment, error) {
	if p.Attempt == nil || len(raw) == 0 || txid == "" {
		return p, fmt.Errorf("payment %s is signed without a plan, bytes or a txid", p.Order.ID)
	}
	hold, err := s.holdEntry(p)
	if err != nil {
		return p, err
	}
	now := s.now()
	err = s.write(ctx, func(tx pgx.Tx) error {
		err := errors.Join(
			changedOne(tx.Exec(ctx, signPaymentSQL, p.Order.ID, s.chain, p.Version, now)),
			changedOne(tx.Exec(ctx, signAttemptSQL, p.Order.ID, p.Attempt.N, raw, txid, now)))
		if err != nil {
			return fmt.Errorf("store the signed bytes of %s: %w", p.Order.ID, err)
		}
		return s.postEntries(ctx, tx, []ledger.Entry{hold})
	})
	if err != nil {
		return p, err
	}
	signed := *p.Attempt
	signed.State, signed.Raw, signed.TxID = payment.AttemptSigned, raw, txid
	p.Version++
	p.State, p.Reason, p.Attempt = swap.PaymentSigned, "", &signed
	return p, nil
}

// holdEntry books amount and fee as in flight from the moment the bytes exist. The fee
// is in the chain's own asset, whatever is paid.
func (s *Store) holdEntry(p payment.Payment) (ledger.Entry, error) {
	o, fee := p.Order, p.Attempt.Plan.Fee
	if a, known := asset.Lookup(o.Amount.Asset); !known || a.Chain != s.chain {
		return ledger.Entry{}, fmt.Errorf("payment %s is in %s, which is not of %s", o.ID, o.Amount.Asset, s.chain)
	}
	held, gas := o.Amount, fee
	if o.Amount.Asset == s.native.ID {
		sum, err := o.Amount.Units.Add(fee)
		if err != nil {
			return ledger.Entry{}, fmt.Errorf("hold for %s: %w", o.ID, err)
		}
		held.Units, gas = sum, asset.Units{}
	}
	key := fmt.Sprintf("hold:%s:%d", o.ID, p.Attempt.N)
	e := ledger.Transfer(key, "payment.hold", o.SwapID, ledger.InFlight, ledger.Wallet, held)
	if !gas.IsZero() {
		e.Postings = append(e.Postings, ledger.Debit(ledger.InFlight, s.amount(gas)), ledger.Credit(ledger.Wallet, s.amount(gas)))
	}
	return e, nil
}

// StoreAnswer implements payment.Store.
func (s *Store) StoreAnswer(ctx context.Context, p payment.Payment, a payment.Answer) (payment.Payment, error) {
	if p.Attempt == nil || p.Attempt.State == payment.AttemptPlanned {
		return p, fmt.Errorf("payment %s was handed in without signed bytes", p.Order.ID)
	}
	next, attempt := p, *p.Attempt
	next.Reason, next.Attempt, next.Version = a.Reason, &attempt, p.Version+1
	if a.Acceptance == chain.Accepted || a.Acceptance == chain.Unknown {
		next.State, attempt.State = swap.PaymentBroadcast, payment.AttemptBroadcast
	}
	err := s.write(ctx, func(tx pgx.Tx) error {
		err := errors.Join(
			changedOne(tx.Exec(ctx, answerPaymentSQL, p.Order.ID, s.chain, p.Version, p.State, next.State, a.Reason, s.now())),
			changedOne(tx.Exec(ctx, answerAttemptSQL, p.Order.ID, p.Attempt.N, p.Attempt.State, attempt.State, string(a.Acceptance), a.At)))
		if err != nil {
			return fmt.Errorf("store the node's answer on %s: %w", p.Order.ID, err)
		}
		if p.State == next.State {
			return nil
		}
		m, err := bus.FactMessage(next.Fact(swap.FactPaymentBroadcast, a.At))
		if err != nil {
			return err
		}
		return bus.Put(ctx, tx, m)
	})
	if err != nil {
		return p, err
	}
	return next, nil
}

// StoreReason implements payment.Store.
func (s *Store) StoreReason(ctx context.Context, p payment.Payment, reason string) (payment.Payment, error) {
	err := s.write(ctx, func(tx pgx.Tx) error {
		return changedOne(tx.Exec(ctx, reasonPaymentSQL, p.Order.ID, s.chain, p.Version, p.State, reason, s.now()))
	})
	if err != nil {
		return p, fmt.Errorf("store why %s stands still: %w", p.Order.ID, err)
	}
	p.Reason, p.Version = reason, p.Version+1
	return p, nil
}
