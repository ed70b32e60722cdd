package model

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
	"ferry/swap/model"
)

// ReplacementBasis implements payment.Store.
func (s *Store) ReplacementBasis(_ context.Context, b payment.Batch) (payment.Basis, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	basis := payment.Basis{Height: s.cursors[s.chain]}
	id, plan := b.Payments[0].Order.Amount.Asset, b.Newest().Plan
	f, _, err := s.funds(id)
	if err != nil {
		return basis, err
	}
	if !s.accounts() {
		f.Must, err = s.spentAgain(b.Left(plan.Coins))
		basis.Funds, basis.BuiltOn = f, s.builtOn(s.batches[b.ID])
		return basis, err
	}
	if b.Purpose == swap.PurposeSweep {
		basis.Funds, _, err = s.houseFunds(b.Payments[0])
		basis.Funds.Nonce = plan.Nonce
		return basis, err
	}
	f = chain.Funds{Sender: f.Sender, SenderPath: plan.SenderPath, Nonce: plan.Nonce}
	if f.Balance, err = s.leftBut(s.native.ID, b.ID); err == nil && id != s.native.ID {
		f.TokenBalance, err = s.leftBut(id, b.ID)
	}
	basis.Funds, basis.Behind = f, s.behind(s.batches[b.ID])
	return basis, err
}

// behind is what waits for a batch's nonce, if that is the lowest of the account that pays which
// no block has. Postgres looks too for nonces below it whose plan was given up; here are none, as of
// DroppedNonces.
func (s *Store) behind(head batch) (all []payment.Behind) {
	nonce, from := head.attempts[0].Plan.Nonce, s.senders[s.chain].path
	if head.attempts[0].Plan.SenderPath != from {
		return nil
	}
	var line []batch
	for _, b := range s.batches {
		if b.chain != s.chain || b.attempts[0].Plan.SenderPath != from ||
			b.state != swap.PaymentQueued && b.state != swap.PaymentSigned && b.state != swap.PaymentBroadcast {
			continue
		}
		switch at := b.attempts[0].Plan.Nonce; {
		case at < nonce:
			return nil
		case at > nonce:
			line = append(line, b)
		}
	}
	slices.SortFunc(line, func(a, b batch) int { return cmp.Compare(a.attempts[0].Plan.Nonce, b.attempts[0].Plan.Nonce) })
	for _, b := range line {
		p := s.payments[b.orders[0]]
		all = append(all, payment.Behind{Order: p.Order, House: p.House, First: b.attempts[0].Plan.Fee})
	}
	for _, p := range s.own(func(p Payment) bool {
		return p.State == swap.PaymentQueued && p.BatchID == "" && p.Reason == payment.ReasonInFlight
	}) {
		all = append(all, payment.Behind{Order: p.Order, House: p.House})
	}
	return all[:min(len(all), payment.BehindMost)]
}

// StoreReplacement implements payment.Store.
func (s *Store) StoreReplacement(_ context.Context, b payment.Batch, plan chain.Plan, reason string) (payment.Batch, error) {
	if !b.Conflicts(plan) {
		return b, fmt.Errorf("another attempt of %s does not spend what the first spends: both could be mined", b.ID)
	}
	next := b
	err := s.change(func(c *change) error {
		if err := c.guardBatch(b); err != nil {
			return err
		}
		if c.halts[c.chain] != "" || b.Last().State == payment.AttemptPlanned {
			return fmt.Errorf("another attempt of %s: %w", b.ID, payment.ErrChanged)
		}
		row := c.batches[b.ID]
		lost := c.lost(row)
		if slices.ContainsFunc(b.Lost, func(id string) bool { return !slices.Contains(lost, id) }) || c.builtOn(row) && !b.Relieved() {
			return fmt.Errorf("another attempt of %s: %w", b.ID, payment.ErrChanged)
		}
		if err := c.reserveCoins(b.ID, b.Further(plan)); err != nil {
			return err
		}
		next = b.Replaced(plan, reason, c.at, c.cursors[c.chain])
		c.put(next)
		return nil
	})
	return next, err
}

// StoreDropped implements payment.Store.
func (s *Store) StoreDropped(_ context.Context, b payment.Batch, reason string) (payment.Batch, error) {
	next := b
	err := s.change(func(c *change) error {
		if err := c.guardBatch(b); err != nil {
			return err
		}
		last := b.Last()
		if last.State != payment.AttemptPlanned {
			return fmt.Errorf("drop attempt %d of %s: %w", last.N, b.ID, payment.ErrChanged)
		}
		if last.N == 1 {
			next = c.giveUp(b, reason)
			return nil
		}
		next = b.Moved(b.State, reason, last.N, func(a *payment.Attempt) { a.State, a.Reason = payment.AttemptDropped, reason })
		c.put(next)
		for _, coin := range next.Further(last.Plan) {
			key := place{c.chain, coin.ID()}
			if row := c.coins[key]; row.reservedBy == b.ID && row.spentBy == "" && row.height != 0 {
				row.reservedBy = ""
				model.Set(c.tx, c.coins, key, row)
			}
		}
		return nil
	})
	return next, err
}

// giveUp ends a batch of which nothing was signed, and leaves nothing of it.
func (c *change) giveUp(b payment.Batch, reason string) payment.Batch {
	plan := b.Last().Plan
	if from := c.senders[c.chain]; c.accounts() && from.path == plan.SenderPath && from.nonce == plan.Nonce+1 {
		from.nonce--
		model.Set(c.tx, c.senders, c.chain, from)
	}
	c.freeCoins(b.ID)
	for _, p := range b.Payments {
		row := c.payments[p.Order.ID]
		row.BatchID, row.Reason, row.Version = "", reason, row.Version+1
		c.setPayment(p.Order.ID, row)
	}
	model.Delete(c.tx, c.batches, b.ID)
	b.State, b.Version = swap.PaymentDropped, b.Version+1
	return b
}

// holdMore is what a later attempt costs a payment more than is held for it.
func (c *change) holdMore(b payment.Batch, held asset.Units) error {
	shares, err := payment.Shares(b.Last().Plan.Fee, len(b.Payments))
	if err != nil {
		return err
	}
	before, err := payment.Shares(held, len(b.Payments))
	if err != nil {
		return err
	}
	for i, p := range b.Payments {
		if !before[i].Less(shares[i]) {
			continue
		}
		more, err := shares[i].Sub(before[i])
		if err != nil {
			return err
		}
		row := c.payments[p.Order.ID]
		in := &row.gas
		if p.Order.Amount.Asset == c.native.ID {
			in = &row.hold
		}
		if *in, err = in.Add(more); err != nil {
			return err
		}
		c.setPayment(p.Order.ID, row)
		c.entries = append(c.entries, ledger.Transfer(payment.HoldKey(b, b.Last().N, p.Order.ID), "payment.hold", p.Order.SwapID,
			ledger.InFlight, ledger.Wallet, c.amount(more)))
	}
	return nil
}

// lost are the other attempts of a batch that is final.
func lost(attempts []payment.Attempt) []payment.Attempt {
	attempts = slices.Clone(attempts)
	for i, a := range attempts {
		if a.State == payment.AttemptPlanned {
			attempts[i].State = payment.AttemptDropped
		}
		if a.State == payment.AttemptSigned || a.State == payment.AttemptBroadcast {
			attempts[i].State = payment.AttemptReplaced
		}
	}
	return attempts
}
