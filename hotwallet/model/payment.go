package model

import (
	"context"
	"fmt"
	"slices"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/bus"
	"ferry/swap/model"
)

// Halted implements payment.Store.
func (s *Store) Halted(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.halts[s.chain], nil
}

// OpenPayments implements payment.Store.
func (s *Store) OpenPayments(_ context.Context, limit int) ([]payment.Open, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []payment.Open
	for _, p := range s.own(func(p Payment) bool {
		return p.State == swap.PaymentQueued || p.State == swap.PaymentSigned || p.State == swap.PaymentBroadcast || p.Again()
	}) {
		open = append(open, payment.Open{OrderID: p.Order.ID, State: p.State, BatchID: p.BatchID})
	}
	return open[:min(len(open), limit)], nil
}

// Payment implements payment.Store.
func (s *Store) Payment(_ context.Context, orderID string) (payment.Payment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row, ok := s.payments[orderID]
	if !ok || row.Order.Chain != s.chain {
		return payment.Payment{}, fmt.Errorf("read payment %s: no row", orderID)
	}
	p := row.Payment
	p.Attempt = s.newest(p.BatchID)
	return p, nil
}

// Basis implements payment.Store.
func (s *Store) Basis(_ context.Context, payments []payment.Payment) (payment.Basis, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if payments[0].House != nil {
		funds, at, err := s.houseFunds(payments[0])
		return payment.Basis{Funds: funds, Unsigned: at.unsigned, Full: at.full, DepositsConfirmed: true}, err
	}
	funds, at, err := s.funds(payments[0].Order.Amount.Asset)
	basis := payment.Basis{Funds: funds, Unsigned: at.unsigned, Full: at.full, DepositsConfirmed: s.allConfirmed(payments)}
	if err == nil {
		basis.Own, err = s.ownChange(payments, funds.Coins)
	}
	return basis, err
}

func (s *Store) allConfirmed(payments []payment.Payment) bool {
	return !slices.ContainsFunc(payments, func(p payment.Payment) bool { return p.House == nil && !s.confirmed(p.Order) })
}

// DepositsConfirmed implements payment.Store.
func (s *Store) DepositsConfirmed(_ context.Context, o swap.Order) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.confirmed(o), nil
}

// guard is the row if it is what the caller read.
func (c *change) guard(p payment.Payment) (Payment, error) {
	row, ok := c.payments[p.Order.ID]
	if !ok || row.Order.Chain != c.chain || row.Version != p.Version || row.State != p.State {
		return row, fmt.Errorf("payment %s: %w", p.Order.ID, payment.ErrChanged)
	}
	row.Version++
	return row, nil
}

// setPayment stores a payment's row, with when.
func (c *change) setPayment(orderID string, row Payment) {
	row.Since = c.at
	model.Set(c.tx, c.payments, orderID, row)
}

// StoreReason implements payment.Store.
func (s *Store) StoreReason(_ context.Context, p payment.Payment, reason string) (payment.Payment, error) {
	next := p
	err := s.change(func(c *change) error {
		row, err := c.guard(p)
		if err != nil {
			return err
		}
		if row.BatchID != "" {
			return fmt.Errorf("payment %s has a batch: %w", p.Order.ID, payment.ErrChanged)
		}
		row.Reason, row.Since = reason, c.at
		c.setPayment(row.Order.ID, row)
		next = row.Payment
		return nil
	})
	return next, err
}

// StoreWithdrawn implements payment.Store.
func (s *Store) StoreWithdrawn(_ context.Context, p payment.Payment) error {
	return s.change(func(c *change) error {
		row, err := c.guard(p)
		if err != nil {
			return err
		}
		if row.State != swap.PaymentQueued || row.BatchID != "" || row.House == nil {
			return fmt.Errorf("take back %s: %w", p.Order.ID, payment.ErrChanged)
		}
		model.Delete(c.tx, c.payments, p.Order.ID)
		return nil
	})
}

// OrderOffset implements payment.OrderStore.
func (s *Store) OrderOffset(_ context.Context, consumer, topic string, partition int32) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.schema.Offset(consumer, topic, partition), nil
}

// AcceptOrders implements payment.OrderStore.
func (s *Store) AcceptOrders(_ context.Context, consumer string, b bus.Batch, orders []swap.Order, refused []payment.Refusal) ([]payment.Refusal, error) {
	all := append([]payment.Refusal{}, refused...)
	err := s.change(func(c *change) error {
		if err := c.schema.Advance(c.tx, consumer, b); err != nil {
			return err
		}
		for _, o := range orders {
			if refusal := c.accept(o); refusal != "" {
				all = append(all, payment.Refusal{Target: o.ID, Reason: refusal})
			}
		}
		for _, r := range all {
			c.act("alarm.order_refused", r.Target, r.Reason)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// accept stores an order that is new; otherwise it says what is wrong with it.
func (c *change) accept(o swap.Order) (refusal string) {
	if row, known := c.payments[o.ID]; known {
		if !sameOrder(row.Order, o) {
			return payment.RefusedDifferent
		}
		c.retry(row, o)
		return ""
	}
	if o.Retry > 0 {
		return payment.RefusedUnknown
	}
	if other := c.usedAlready(o); other != "" {
		return "another order has used deposit " + other
	}
	c.queued++ // a number that is lost with a rollback leaves a gap, as a sequence does
	row := Payment{Payment: payment.Payment{Order: o, State: swap.PaymentQueued, Version: 1}, queued: c.queued}
	c.setPayment(o.ID, row)
	c.use(o)
	c.facts = append(c.facts, row.Fact(swap.FactPaymentQueued, c.at))
	return ""
}
