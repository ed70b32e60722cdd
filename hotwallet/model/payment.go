package model

import (
	"context"
	"fmt"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/bus"
	"ferry/swap/ledger"
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
		return p.State == swap.PaymentQueued || p.State == swap.PaymentSigned || p.State == swap.PaymentBroadcast
	}) {
		open = append(open, payment.Open{OrderID: p.Order.ID, State: p.State})
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
	if p.Attempt != nil {
		attempt := *p.Attempt
		p.Attempt = &attempt
	}
	return p, nil
}

// Basis implements payment.Store.
func (s *Store) Basis(_ context.Context, p payment.Payment) (payment.Basis, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	funds, unsigned, err := s.funds(p.Order.Amount.Asset)
	return payment.Basis{Funds: funds, Unsigned: unsigned, DepositsConfirmed: s.confirmed(p.Order)}, err
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

// moved stores the row and returns what the caller goes on with.
func (c *change) moved(row Payment) payment.Payment {
	model.Set(c.tx, c.payments, row.Order.ID, row)
	p := row.Payment
	if p.Attempt != nil {
		attempt := *p.Attempt
		p.Attempt = &attempt
	}
	return p
}

// StorePlan implements payment.Store.
func (s *Store) StorePlan(_ context.Context, p payment.Payment, plan chain.Plan) (payment.Payment, error) {
	next := p
	err := s.change(func(c *change) error {
		row, err := c.guard(p)
		if err != nil {
			return err
		}
		if c.halts[c.chain] != "" || !c.confirmed(p.Order) || row.State != swap.PaymentQueued || row.Attempt != nil {
			return fmt.Errorf("plan %s: %w", p.Order.ID, payment.ErrChanged)
		}
		if err := c.reserve(p, plan); err != nil {
			return fmt.Errorf("plan %s: %w", p.Order.ID, err)
		}
		row.Reason, row.Attempt = "", &payment.Attempt{N: 1, State: payment.AttemptPlanned, Plan: plan}
		next = c.moved(row)
		return nil
	})
	return next, err
}

// StoreSigned implements payment.Store.
func (s *Store) StoreSigned(_ context.Context, p payment.Payment, raw []byte, txid string) (payment.Payment, error) {
	next := p
	err := s.change(func(c *change) error {
		row, err := c.guard(p)
		if err != nil {
			return err
		}
		if row.State != swap.PaymentQueued || row.Attempt == nil || row.Attempt.State != payment.AttemptPlanned {
			return fmt.Errorf("store the signed bytes of %s: %w", p.Order.ID, payment.ErrChanged)
		}
		if _, taken := c.txids[place{c.chain, txid}]; taken {
			return fmt.Errorf("transaction %s is another payment's: %w", txid, ErrState)
		}
		hold, err := c.hold(&row)
		if err != nil {
			return fmt.Errorf("hold for %s: %w", p.Order.ID, err)
		}
		attempt := *row.Attempt
		attempt.State, attempt.Raw, attempt.TxID = payment.AttemptSigned, raw, txid
		row.State, row.Reason, row.Attempt = swap.PaymentSigned, "", &attempt
		model.Set(c.tx, c.txids, place{c.chain, txid}, p.Order.ID)
		c.entries = append(c.entries, hold)
		next = c.moved(row)
		return nil
	})
	return next, err
}

// hold takes amount and fee off the wallet, each in its asset.
func (c *change) hold(row *Payment) (ledger.Entry, error) {
	o, fee := row.Order, row.Attempt.Plan.Fee
	e := ledger.Entry{Key: "hold:" + o.ID + ":1", Kind: "payment.hold", SwapID: o.SwapID}
	held := o.Amount
	if held.Asset == c.native.ID {
		sum, err := held.Units.Add(fee)
		if err != nil {
			return e, err
		}
		held.Units = sum
	} else {
		row.gas = fee
	}
	row.hold = held.Units
	e.Postings = ledger.Transfer("", "", "", ledger.InFlight, ledger.Wallet, held).Postings
	if !row.gas.IsZero() {
		e.Postings = append(e.Postings, ledger.Transfer("", "", "", ledger.InFlight, ledger.Wallet, c.amount(row.gas)).Postings...)
	}
	return e, nil
}

// StoreAnswer implements payment.Store.
func (s *Store) StoreAnswer(_ context.Context, p payment.Payment, a payment.Answer) (payment.Payment, error) {
	next := p
	err := s.change(func(c *change) error {
		row, err := c.guard(p)
		if err != nil {
			return err
		}
		if row.Attempt == nil || row.Attempt.State == payment.AttemptPlanned || row.Attempt.State != p.Attempt.State {
			return fmt.Errorf("store the node's answer on %s: %w", p.Order.ID, payment.ErrChanged)
		}
		attempt := *row.Attempt
		row.Reason = a.Reason
		if a.Acceptance == chain.Accepted || a.Acceptance == chain.Unknown {
			row.State, attempt.State = swap.PaymentBroadcast, payment.AttemptBroadcast
		}
		row.Attempt = &attempt
		next = c.moved(row)
		if p.State != next.State {
			c.facts = append(c.facts, next.Fact(swap.FactPaymentBroadcast, a.At))
		}
		return nil
	})
	return next, err
}

// StoreReason implements payment.Store.
func (s *Store) StoreReason(_ context.Context, p payment.Payment, reason string) (payment.Payment, error) {
	next := p
	err := s.change(func(c *change) error {
		row, err := c.guard(p)
		if err != nil {
			return err
		}
		row.Reason = reason
		next = c.moved(row)
		return nil
	})
	return next, err
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
			return "a different order is stored under this id"
		}
		return ""
	}
	if other := c.usedAlready(o); other != "" {
		return "another order has used deposit " + other
	}
	c.queued++ // a number that is lost with a rollback leaves a gap, as a sequence does
	row := Payment{Payment: payment.Payment{Order: o, State: swap.PaymentQueued, Version: 1}, queued: c.queued}
	model.Set(c.tx, c.payments, o.ID, row)
	c.use(o)
	c.facts = append(c.facts, row.Fact(swap.FactPaymentQueued, c.at))
	return ""
}
