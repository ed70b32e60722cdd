package model

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/model"
)

// retry takes over an order that was told again after a failure.
func (c *change) retry(row Payment, o swap.Order) {
	if o.Chain != c.chain || o.Retry <= row.Order.Retry {
		return
	}
	row.Order = o
	row.Version++
	if row.State == swap.PaymentFailed {
		row.Reason = payment.ReasonProof
	}
	model.Set(c.tx, c.payments, o.ID, row)
}

// Ended implements payment.Store.
func (s *Store) Ended(_ context.Context, b payment.Batch) (payment.DeathRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row, ok := s.batches[b.ID]
	if !ok || row.chain != s.chain || s.chain.Family() != asset.Account {
		return payment.DeathRequest{}, fmt.Errorf("read how %s ended: %w", b.ID, payment.ErrChanged)
	}
	p := s.payments[row.orders[0]]
	if p.State != swap.PaymentFailed || !p.Failed || p.BatchID != b.ID {
		return payment.DeathRequest{}, fmt.Errorf("read how %s ended: %w", b.ID, payment.ErrChanged)
	}
	anchor := fmt.Sprintf("%s:%s:%d", s.chain, s.senders[s.chain].address, row.attempts[0].Plan.Nonce)
	return payment.DeathRequest{Chain: s.chain, Anchor: anchor, Spent: anchor, Spender: p.TxID,
		Block: chain.Ref{Height: p.Height, Hash: p.BlockHash}}, nil
}

// StoreDeath implements payment.Store.
func (s *Store) StoreDeath(_ context.Context, b payment.Batch, r payment.DeathRequest) error {
	return s.change(func(c *change) error {
		if err := c.guardBatch(b); err != nil {
			return err
		}
		row := c.batches[b.ID]
		row.state, row.version, row.attempts, row.death = swap.PaymentDead, row.version+1, slices.Clone(row.attempts), &r
		for i := range row.attempts {
			row.attempts[i].State = payment.AttemptDead
		}
		model.Set(c.tx, c.batches, b.ID, row)
		for _, id := range row.orders {
			p := c.payments[id]
			if !p.Again() || p.BatchID != b.ID {
				return fmt.Errorf("payment %s is %s: %w", id, p.State, payment.ErrChanged)
			}
			c.queued++
			p.State, p.BatchID, p.Reason, p.TxID, p.BlockHash, p.Height, p.Failed = swap.PaymentQueued, "", "", "", "", 0, false
			p.fee, p.hold, p.gas, p.queued = asset.Units{}, asset.Units{}, asset.Units{}, c.queued
			p.Version++
			model.Set(c.tx, c.payments, id, p)
			c.facts = append(c.facts, p.Fact(swap.FactPaymentQueued, c.at))
		}
		return nil
	})
}

// Deaths implements payment.Store.
func (s *Store) Deaths(_ context.Context, orders []string) ([]payment.DeathRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var dead []batch
	for _, b := range s.batches {
		if b.chain == s.chain && b.death != nil && slices.ContainsFunc(b.orders, func(id string) bool { return slices.Contains(orders, id) }) {
			dead = append(dead, b)
		}
	}
	slices.SortFunc(dead, func(a, b batch) int { return strings.Compare(a.id, b.id) })
	var all []payment.DeathRequest
	for _, b := range dead {
		all = append(all, *b.death)
	}
	return all, nil
}
