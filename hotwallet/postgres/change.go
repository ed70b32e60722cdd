package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/ledger"
)

// change is one transaction in the making: what it books and tells is collected
// and stored at its end, in one round trip each.
type change struct {
	*Store
	tx pgx.Tx
	at time.Time
	// rules are the same for all of it.
	rules swap.DepositRules
	// entries have keys that can be used once; what blockEntries book follows from a
	// block, which a reorg can take away and bring back.
	entries      []ledger.Entry
	blockEntries []ledger.Entry
	facts        []swap.Fact
}

func (s *Store) change(ctx context.Context, f func(c *change) error) error {
	return s.write(ctx, func(tx pgx.Tx) error {
		c := &change{Store: s, tx: tx, at: s.now(), rules: *s.rules.Load()}
		if err := f(c); err != nil {
			return err
		}
		return c.store(ctx)
	})
}

// store writes what was collected.
func (c *change) store(ctx context.Context) error {
	keys, err := c.liveKeys(ctx, c.blockEntries)
	if err != nil {
		return err
	}
	for _, e := range c.blockEntries {
		e.Key = keys[e.Key]
		c.entries = append(c.entries, e)
	}
	if err := c.postEntries(ctx, c.tx, c.entries); err != nil {
		return err
	}
	messages := make([]bus.Message, 0, len(c.facts))
	for _, f := range c.facts {
		if f.SwapID == "" {
			continue // the house's own: nobody waits to be told
		}
		m, err := bus.FactMessage(f)
		if err != nil {
			return fmt.Errorf("tell: %w", err)
		}
		messages = append(messages, m)
	}
	return bus.Put(ctx, c.tx, messages...)
}

// book adds an entry of blockEntries, of the form of ledger.Transfer, unless the amount
// is zero: there is nothing to book then.
func (c *change) book(key, kind, swapID string, debit, credit ledger.Account, a asset.Amount) {
	if !a.Units.IsZero() {
		c.blockEntries = append(c.blockEntries, ledger.Transfer(key, kind, swapID, debit, credit, a))
	}
}
