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
		}
	}
	for _, id := range slices.Sorted(maps.Keys(lost)) {
		b := c.batches[id]
		p := c.payments[b.orders[0]]
		if b.state != swap.PaymentFinal || p.Height > at-needed+1-lostMargin {
			continue
		}
		anchor := string(c.chain) + ":" + b.attempts[0].Plan.Coins[0].ID()
		b.death = &payment.DeathRequest{Chain: c.chain, Anchor: anchor, Spent: anchor, Spender: p.TxID,
			Block: chain.Ref{Height: p.Height, Hash: p.BlockHash}}
		model.Set(c.tx, c.batches, id, b)
		c.freeCoins(id)
	}
}
