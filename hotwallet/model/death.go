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
	c.setPayment(o.ID, row)
}

// Ended implements payment.Store.
func (s *Store) Ended(_ context.Context, b payment.Batch) (payment.Ending, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row, ok := s.batches[b.ID]
	if !ok || row.chain != s.chain {
		return payment.Ending{}, fmt.Errorf("read how %s ended: %w", b.ID, payment.ErrChanged)
	}
	if !s.accounts() {
		return s.endedCoin(row), nil
	}
	if b.State != swap.PaymentFailed { // nobody else uses a nonce of ours here
		return payment.Ending{DeathRequest: payment.DeathRequest{Chain: s.chain}}, nil
	}
	p := s.payments[row.orders[0]]
	if p.State != swap.PaymentFailed || !p.Failed || p.BatchID != b.ID {
		return payment.Ending{}, fmt.Errorf("read how %s ended: %w", b.ID, payment.ErrChanged)
	}
	anchor := fmt.Sprintf("%s:%s:%d", s.chain, s.senders[s.chain].address, row.attempts[0].Plan.Nonce)
	return payment.Ending{DeathRequest: payment.DeathRequest{Chain: s.chain, Anchor: anchor, Spent: anchor, Spender: p.TxID,
		Block: chain.Ref{Height: p.Height, Hash: p.BlockHash}}}, nil
}

// endedCoin is how the first coin of a batch was spent by somebody else, or went.
func (s *Store) endedCoin(b batch) payment.Ending {
	end := payment.Ending{DeathRequest: payment.DeathRequest{Chain: s.chain}}
	id := b.attempts[0].Plan.Coins[0].ID()
	c, known := s.coins[place{s.chain, id}]
	if !known || c.reservedBy != b.id {
		return end
	}
	anchor := string(s.chain) + ":" + id
	if c.height != 0 {
		spent, kept := s.blocks[height{s.chain, c.spentHeight}]
		if c.spentBy == "" || !kept || s.txids[place{s.chain, c.spentBy}] == b.id {
			return end
		}
		end.Anchor, end.Spent, end.Spender = anchor, anchor, c.spentBy
		end.Block = chain.Ref{Height: c.spentHeight, Hash: spent.hash}
		return end
	}
	maker, ours := s.batches[s.txids[place{s.chain, c.txid}]]
	if !ours || maker.death == nil || maker.death.Spender == c.txid {
		if c.goneFrom != 0 { // else it is change that is on its way: it ends with what makes it
			end.Anchor, end.Spent, end.From = anchor, anchor, c.goneFrom
		}
		return end
	}
	end.Anchor, end.From = anchor, c.goneFrom
	for _, a := range maker.attempts {
		if a.TxID == c.txid {
			end.Lineage = append([][]byte{a.Raw}, maker.death.Lineage...)
		}
	}
	end.Spent, end.Spender, end.Block = maker.death.Spent, maker.death.Spender, maker.death.Block
	return end
}

// StoreDeath implements payment.Store.
func (s *Store) StoreDeath(_ context.Context, b payment.Batch, r payment.DeathRequest) error {
	return s.change(func(c *change) error {
		if err := c.guardBatch(b); err != nil {
			return err
		}
		row := c.batches[b.ID]
		row.state, row.version, row.attempts, row.death = swap.PaymentDead, row.version+1, slices.Clone(row.attempts), &r
		for i, a := range row.attempts {
			row.attempts[i].State = payment.AttemptDead
			if len(a.Raw) == 0 {
				row.attempts[i].State = payment.AttemptDropped
			}
		}
		model.Set(c.tx, c.batches, b.ID, row)
		for _, id := range row.orders {
			if err := c.free(b, c.payments[id]); err != nil {
				return err
			}
		}
		if b.State != swap.PaymentFailed {
			c.freeCoins(b.ID)
		}
		return nil
	})
}

// free has a payment of a batch that is dead be queued like a new one.
func (c *change) free(b payment.Batch, p Payment) error {
	if p.BatchID != b.ID || p.State != b.State || p.State == swap.PaymentFailed && !p.Again() {
		return fmt.Errorf("payment %s is %s: %w", p.Order.ID, p.State, payment.ErrChanged)
	}
	failed := p.State == swap.PaymentFailed
	if failed {
		c.queued++
		p.queued = c.queued
	} else {
		for _, held := range []asset.Amount{{Asset: p.Order.Amount.Asset, Units: p.hold}, c.amount(p.gas)} {
			if !held.Units.IsZero() {
				c.entries = append(c.entries, ledger.Transfer(payment.DeadKey(b, p.Order.ID, held.Asset), "payment.dead", p.Order.SwapID,
					ledger.Wallet, ledger.InFlight, held))
			}
		}
	}
	p.State, p.BatchID, p.Reason, p.TxID, p.BlockHash, p.Height, p.Failed = swap.PaymentQueued, "", "", "", "", 0, false
	p.fee, p.hold, p.gas = asset.Units{}, asset.Units{}, asset.Units{}
	p.Version++
	c.setPayment(p.Order.ID, p)
	if failed {
		c.facts = append(c.facts, p.Fact(swap.FactPaymentQueued, c.at))
	}
	return nil
}

// freeCoins has what is left of a dead batch's coins be free; what no block has is
// forgotten.
func (c *change) freeCoins(batchID string) {
	for _, key := range slices.SortedFunc(maps.Keys(c.coins), byName) {
		row := c.coins[key]
		switch {
		case key.chain != c.chain || row.reservedBy != batchID || row.spentBy != "":
		case row.height == 0:
			model.Delete(c.tx, c.coins, key)
		default:
			row.reservedBy = ""
			model.Set(c.tx, c.coins, key, row)
		}
	}
}

// Deaths implements payment.Store.
func (s *Store) Deaths(_ context.Context, orders, coins []string) ([]payment.DeathRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var dead []batch
	for _, b := range s.batches {
		if b.chain == s.chain && b.death != nil && (b.spends(coins) || slices.ContainsFunc(b.orders, func(id string) bool { return slices.Contains(orders, id) })) {
			dead = append(dead, b)
		}
	}
	slices.SortFunc(dead, func(a, b batch) int { return strings.Compare(a.id, b.id) })
	all := []payment.DeathRequest{}
	for _, b := range dead {
		all = append(all, *b.death)
	}
	return all, nil
}

// spends reports that one of the coins was to be spent for the batch.
func (b batch) spends(coins []string) bool {
	return slices.ContainsFunc(b.attempts, func(a payment.Attempt) bool {
		return slices.ContainsFunc(a.Plan.Coins, func(c chain.Coin) bool { return slices.Contains(coins, c.ID()) })
	})
}
