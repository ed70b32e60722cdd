package model

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
	"ferry/swap/model"
)

func (b batch) last() payment.Attempt { return b.attempts[len(b.attempts)-1] }

// newest is the newest attempt of a batch, nil without one.
func (d *Database) newest(batchID string) *payment.Attempt {
	b, ok := d.batches[batchID]
	if !ok {
		return nil
	}
	for i := len(b.attempts) - 1; i >= 0; i-- {
		if a := b.attempts[i]; a.State != payment.AttemptDropped {
			return &a
		}
	}
	return nil
}

// pays reports that one of the batch's payments goes to the address.
func (d *Database) pays(b batch, address string) bool {
	return slices.ContainsFunc(b.orders, func(id string) bool { return d.payments[id].Order.Destination == address })
}

// read is the batch with its payments.
func (d *Database) read(b batch) payment.Batch {
	whole := payment.Batch{ID: b.id, Purpose: b.purpose, State: b.state, Version: b.version, Attempts: slices.Clone(b.attempts)}
	for _, id := range b.orders {
		whole.Payments = append(whole.Payments, d.payments[id].Payment)
	}
	return whole
}

// Batch implements payment.Store.
func (s *Store) Batch(_ context.Context, batchID string) (payment.Batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.batches[batchID]
	if !ok || b.chain != s.chain {
		return payment.Batch{}, fmt.Errorf("read batch %s: no row", batchID)
	}
	whole := s.read(b)
	whole.Before = s.before(b.id)
	if b.state == swap.PaymentSigned || b.state == swap.PaymentBroadcast {
		whole.Lost = s.lost(b)
	}
	return whole, nil
}

// batchID names a new batch of the orders.
func (d *Database) batchID(orders []string) string {
	first, earlier := payment.BatchID(orders, 0), 0
	for id := range d.batches {
		if id == first || strings.HasPrefix(id, first+"#") {
			earlier++
		}
	}
	return payment.BatchID(orders, earlier)
}

// guardBatch is the row if it is what the caller read.
func (c *change) guardBatch(b payment.Batch) error {
	row, ok := c.batches[b.ID]
	if !ok || row.chain != c.chain || row.version != b.Version || row.state != b.State {
		return fmt.Errorf("batch %s: %w", b.ID, payment.ErrChanged)
	}
	return nil
}

// put stores what became of a batch and its payments.
func (c *change) put(b payment.Batch) {
	row := c.batches[b.ID]
	row.state, row.version, row.attempts = b.State, b.Version, slices.Clone(b.Attempts)
	model.Set(c.tx, c.batches, b.ID, row)
	for _, p := range b.Payments {
		stored := c.payments[p.Order.ID]
		stored.Payment = p
		c.setPayment(p.Order.ID, stored)
	}
}

// StorePlan implements payment.Store.
func (s *Store) StorePlan(_ context.Context, payments []payment.Payment, plan chain.Plan) (payment.Batch, error) {
	var b payment.Batch
	err := s.change(func(c *change) error {
		row := batch{chain: c.chain, purpose: payments[0].Order.Purpose, state: swap.PaymentQueued, version: 1,
			attempts: []payment.Attempt{{N: 1, State: payment.AttemptPlanned, Plan: plan, PlannedAt: c.at, Height: c.cursors[c.chain]}}}
		for _, p := range payments {
			row.orders = append(row.orders, p.Order.ID)
		}
		row.id = c.batchID(row.orders)
		for _, p := range payments {
			stored, err := c.guard(p)
			if err != nil {
				return err
			}
			if c.halts[c.chain] != "" || p.House == nil && !c.confirmed(p.Order) || stored.State != swap.PaymentQueued || stored.BatchID != "" {
				return fmt.Errorf("plan %s: %w", p.Order.ID, payment.ErrChanged)
			}
			stored.BatchID, stored.Reason = row.id, ""
			c.setPayment(p.Order.ID, stored)
		}
		if err := c.reserve(row.id, payments[0], plan); err != nil {
			return fmt.Errorf("plan %s: %w", row.id, err)
		}
		model.Set(c.tx, c.batches, row.id, row)
		b = c.read(row)
		return nil
	})
	return b, err
}

// StoreSigned implements payment.Store.
func (s *Store) StoreSigned(_ context.Context, b payment.Batch, raw []byte, txid string) (payment.Batch, error) {
	next := b
	err := s.change(func(c *change) error {
		if err := c.guardBatch(b); err != nil {
			return err
		}
		n := b.Last().N
		if c.batches[b.ID].last().State != payment.AttemptPlanned {
			return fmt.Errorf("store the signed bytes of %s: %w", b.ID, payment.ErrChanged)
		}
		if _, taken := c.txids[place{c.chain, txid}]; taken {
			return fmt.Errorf("transaction %s is another batch's: %w", txid, ErrState)
		}
		if err := c.hold(b); err != nil {
			return fmt.Errorf("hold for %s: %w", b.ID, err)
		}
		next = b.Moved(b.SignedState(), "", n, func(a *payment.Attempt) { a.State, a.Raw, a.TxID = payment.AttemptSigned, raw, txid })
		model.Set(c.tx, c.txids, place{c.chain, txid}, b.ID)
		c.put(next)
		return nil
	})
	return next, err
}

// hold takes each payment's amount and share of the fee off the wallet, each in its asset.
func (c *change) hold(b payment.Batch) error {
	if held, before := b.HeldFee(); before {
		return c.holdMore(b, held)
	}
	shares, err := payment.Shares(b.Last().Plan.Fee, len(b.Payments))
	if err != nil {
		return err
	}
	for i, p := range b.Payments {
		row, o, fee := c.payments[p.Order.ID], p.Order, shares[i]
		held, gas := o.Amount, asset.Units{}
		if p.House != nil { // what it moves stays ours
			held = c.amount(fee)
		} else if held.Asset == c.native.ID {
			if held.Units, err = held.Units.Add(fee); err != nil {
				return err
			}
		} else {
			gas = fee
		}
		row.hold, row.gas = held.Units, gas
		if p.House != nil && o.Amount.Asset != c.native.ID {
			row.hold, row.gas = asset.Units{}, fee
		}
		c.setPayment(o.ID, row)
		e := ledger.Transfer(payment.HoldKey(b, b.Last().N, o.ID), "payment.hold", o.SwapID, ledger.InFlight, ledger.Wallet, held)
		if !gas.IsZero() {
			e.Postings = append(e.Postings, ledger.Transfer("", "", "", ledger.InFlight, ledger.Wallet, c.amount(gas)).Postings...)
		}
		c.entries = append(c.entries, e)
	}
	return nil
}

// StoreAnswer implements payment.Store.
func (s *Store) StoreAnswer(_ context.Context, b payment.Batch, n int, a payment.Answer) (payment.Batch, error) {
	next := b
	err := s.change(func(c *change) error {
		if err := c.guardBatch(b); err != nil {
			return err
		}
		before, err := b.Attempt(n)
		if err != nil || before.State == payment.AttemptPlanned {
			return fmt.Errorf("store the node's answer on %s: %w", b.ID, payment.ErrChanged)
		}
		state, attempt := b.State, before.State
		if a.Acceptance == chain.Accepted || a.Acceptance == chain.Unknown {
			state, attempt = swap.PaymentBroadcast, payment.AttemptBroadcast
		}
		if state != b.State {
			facts, err := b.Facts(swap.FactPaymentBroadcast, before, a.At)
			if err != nil {
				return err
			}
			c.facts = append(c.facts, facts...)
		}
		next = b.Moved(state, a.Reason, n, func(moved *payment.Attempt) { moved.State = attempt })
		c.put(next)
		row := c.batches[b.ID]
		if row.answers = maps.Clone(row.answers); row.answers == nil {
			row.answers = map[int]chain.Acceptance{}
		}
		row.answers[n] = a.Acceptance
		model.Set(c.tx, c.batches, b.ID, row)
		return nil
	})
	return next, err
}

// StoreBatchReason implements payment.Store.
func (s *Store) StoreBatchReason(_ context.Context, b payment.Batch, reason string) (payment.Batch, error) {
	next := b
	err := s.change(func(c *change) error {
		if err := c.guardBatch(b); err != nil {
			return err
		}
		next = b.Moved(b.State, reason, 0, nil)
		c.put(next)
		return nil
	})
	return next, err
}
