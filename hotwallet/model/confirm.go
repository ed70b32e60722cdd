package model

import (
	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/ledger"
	"ferry/swap/model"
)

// confirm books and tells what is deep enough now, each deposit by its own amount, and
// tells how deep the rest is.
func (c *change) confirm(b chain.Block) error {
	var confirming []Deposit
	late := map[swap.Finality]string{}
	for _, d := range c.pick(func(d Deposit) bool { return d.State == "in_block" }) {
		deep := b.Height-d.Height+1 >= c.needed(d)
		if needed := c.config.Rules.Finality(d.Amount); !b.Final.At(d.Height).Covers(needed) {
			d.awaits = needed
			if why := b.Final.Late(d.Height, b.Height, needed); deep && why != "" {
				late[needed] = why
			}
		}
		if !deep || d.awaits != swap.FinalityNone {
			confirming = append(confirming, d)
			continue
		}
		d.State = "confirmed"
		model.Set(c.tx, c.deposits, d.ID, d)
		if d.purpose == purposeSwap {
			c.book(confirmedKey(d.ID), "deposit.confirmed", d.SwapID, ledger.DepositConfirming, ledger.Clearing, d.Amount)
		}
		c.tell(swap.FactDepositConfirmed, d, b.Height, false)
	}
	for _, d := range confirming {
		if d.Amount.Units.Less(c.config.Dust(d.Amount.Asset)) && d.Height != b.Height {
			continue // of dust it is told that it is in a block, not how deep
		}
		c.tell(swap.FactDepositInBlock, d, b.Height, false)
	}
	c.finalityLate(late)
	if err := c.finishPayments(b.Height - c.depth() + 1); err != nil {
		return err
	}
	c.freeLost(b.Height)
	return nil
}

// finalityLate raises the alarm of the highest finality that deposits wait for in vain.
func (c *change) finalityLate(late map[swap.Finality]string) {
	for _, needed := range []swap.Finality{swap.FinalityFinalized, swap.FinalitySafe} {
		if why, held := late[needed]; held {
			c.alarm("alarm.finality", why)
			return
		}
	}
}
