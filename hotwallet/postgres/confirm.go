package postgres

import (
	"context"
	"fmt"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/ledger"
)

var (
	confirmDepositsSQL    = statement("CONFIRM_DEPOSITS")
	confirmingDepositsSQL = statement("CONFIRMING_DEPOSITS")
)

// alarmFinality: deposits are held because the node's consensus does not keep up.
const alarmFinality = "alarm.finality"

// confirm books and tells what is deep enough now, each deposit by its own amount, and
// tells how deep the rest is.
func (c *change) confirm(ctx context.Context, b chain.Block, _ map[string][]attempt) error {
	waiting, err := c.deposits(ctx, confirmingDepositsSQL, c.chain)
	if err != nil {
		return err
	}
	var ids []string
	var confirmed, confirming []deposit
	late := map[swap.Finality]string{}
	for _, d := range waiting {
		deep := b.Height-*d.height+1 >= c.needed(d)
		if needed := c.rules.Finality(d.amount); !b.Final.At(*d.height).Covers(needed) {
			d.awaits = needed
			if why := b.Final.Late(*d.height, b.Height, needed); deep && why != "" {
				late[needed] = why
			}
		}
		if !deep || d.awaits != swap.FinalityNone {
			confirming = append(confirming, d)
			continue
		}
		ids, confirmed = append(ids, d.id), append(confirmed, d)
	}
	if err := c.confirmed(ctx, b, ids, confirmed); err != nil {
		return err
	}
	for _, d := range confirming {
		if d.amount.Units.Less(c.config.Dust(d.amount.Asset)) && *d.height != b.Height {
			continue // of dust it is told that it is in a block, not how deep
		}
		c.tell(swap.FactDepositInBlock, d, b.Height)
	}
	if err := c.finalityLate(ctx, late); err != nil {
		return err
	}
	if err := c.finishPayments(ctx, b.Height-c.rules.Confirmations[c.chain]+1); err != nil {
		return err
	}
	return c.freeLost(ctx, b.Height)
}

// confirmed stores, books and tells that deposits are deep enough.
func (c *change) confirmed(ctx context.Context, b chain.Block, ids []string, all []deposit) error {
	if len(ids) == 0 {
		return nil
	}
	tag, err := c.tx.Exec(ctx, confirmDepositsSQL, c.chain, ids, c.at)
	if err != nil {
		return fmt.Errorf("confirm deposits: %w", err)
	}
	if tag.RowsAffected() != int64(len(ids)) {
		return fmt.Errorf("confirm deposits: %d of %d are in a block: %w", tag.RowsAffected(), len(ids), ErrState)
	}
	for _, d := range all {
		if d.purpose == purposeSwap {
			c.book(confirmedKey(d.id), "deposit.confirmed", d.swapID, ledger.DepositConfirming, ledger.Clearing, d.amount)
		}
		c.tell(swap.FactDepositConfirmed, d, b.Height)
	}
	return nil
}

// finalityLate raises the alarm of the highest finality that deposits wait for in vain,
// once for what the node answers.
func (c *change) finalityLate(ctx context.Context, late map[swap.Finality]string) error {
	for _, needed := range []swap.Finality{swap.FinalityFinalized, swap.FinalitySafe} {
		why, held := late[needed]
		if !held {
			continue
		}
		tag, err := c.tx.Exec(ctx, alarmSQL, itself, alarmFinality, c.chain, why)
		if err != nil {
			return fmt.Errorf("record %s of %s: %w", alarmFinality, c.chain, err)
		}
		if tag.RowsAffected() == 1 {
			c.config.Log.Error("deposits are held", "chain", c.chain, "reason", why)
		}
		return nil
	}
	return nil
}
