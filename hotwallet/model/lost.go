package model

import (
	"maps"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/model"
)

// lostMargin is how many blocks deeper than dead a batch has to be.
const lostMargin = 1

// freeLost has the coins be free that only lost attempts of a final batch were to spend, once
// it is deeper than any reorganisation that is followed, and stores what ended these attempts.
func (c *change) freeLost(at int64) {
	needed, ends := c.config.Rules.Dead[c.chain]
	if c.accounts() || !ends {
		return
	}
	lost := map[string]bool{}
	for key, row := range c.coins {
		if key.chain == c.chain && row.reservedBy != "" && row.spentBy == "" {
			lost[row.reservedBy] = true
			if b, a, ours := c.made(row.txid); ours && row.height == 0 && a.State == payment.AttemptReplaced {
				lost[b.id] = true // it made change that others were to spend
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(lost)) {
		b := c.batches[id]
		p := c.payments[b.orders[0]]
		if b.state != swap.PaymentFinal || b.death != nil || p.Height > at-needed+1-lostMargin {
			continue
		}
		anchor := string(c.chain) + ":" + b.attempts[0].Plan.Coins[0].ID()
		b.death = &payment.DeathRequest{Chain: c.chain, Anchor: anchor, Spent: anchor, Spender: p.TxID,
			Block: chain.Ref{Height: p.Height, Hash: p.BlockHash}}
		model.Set(c.tx, c.batches, id, b)
		c.freeCoins(id)
	}
}

// lost are the coins that a batch was to spend and can't any more: spent by somebody else as deep
// as payments have to be, in no block for as long, or change of a batch that is dead.
func (s *Store) lost(b batch) (ids []string) {
	if s.accounts() {
		return nil
	}
	deep := s.cursors[s.chain] - s.depth()
	for key, c := range s.coins {
		if key.chain != s.chain || c.reservedBy != b.id {
			continue
		}
		maker, _, ours := s.made(c.txid)
		switch {
		case c.spentBy != "":
			if c.spentHeight <= deep+1 && s.txids[place{s.chain, c.spentBy}] != b.id {
				ids = append(ids, key.name)
			}
		case c.height == 0 && (c.goneFrom != 0 && c.goneFrom <= deep || ours && maker.death != nil && maker.death.Spender != c.txid):
			ids = append(ids, key.name)
		}
	}
	slices.Sort(ids)
	return ids
}
