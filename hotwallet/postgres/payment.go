package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/payment"
	"ferry/swap"
)

var (
	openPaymentsSQL      = statement("OPEN_PAYMENTS")
	paymentSQL           = statement("READ_PAYMENT")
	confirmedDepositsSQL = statement("CONFIRMED_DEPOSITS")
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
		&body, &p.State, &p.Version, &p.Reason, &p.Since, &p.BatchID, &a.N, &a.State, &plan, &a.Raw, &a.TxID)
	if err != nil {
		return p, fmt.Errorf("read payment %s: %w", orderID, err)
	}
	p.Since = p.Since.UTC()
	if err := decodePayment(body, &p); err != nil {
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

// StoreReason implements payment.Store.
func (s *Store) StoreReason(ctx context.Context, p payment.Payment, reason string) (payment.Payment, error) {
	now := s.now()
	err := s.write(ctx, func(tx pgx.Tx) error {
		return changedOne(tx.Exec(ctx, reasonPaymentSQL, p.Order.ID, s.chain, p.Version, p.State, reason, now))
	})
	if err != nil {
		return p, fmt.Errorf("store why %s stands still: %w", p.Order.ID, err)
	}
	p.Reason, p.Version, p.Since = reason, p.Version+1, now
	return p, nil
}
