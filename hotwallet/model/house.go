package model

import (
	"context"
	"errors"
	"fmt"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/sweep"
	"ferry/swap"
	"ferry/swap/asset"
)

// open reports a payment that has not ended.
func (p Payment) open() bool {
	return p.State != swap.PaymentFinal && p.State != swap.PaymentFailed && p.State != swap.PaymentDead
}

// house lists this chain's payments of the house's own that match.
func (s *Store) house(match func(Payment) bool) []Payment {
	return s.own(func(p Payment) bool { return p.House != nil && match(p) })
}

// DroppedNonces implements sweep.Store. There are none: what the model gives up unsigned is
// the sender's newest nonce, which it takes back.
func (s *Store) DroppedNonces(context.Context) ([]uint64, error) { return []uint64{}, nil }

// StoreHouse implements sweep.Store.
func (s *Store) StoreHouse(_ context.Context, intents []sweep.Intent) (stored []string, err error) {
	err = s.change(func(c *change) error {
		stored = nil
		for _, i := range intents {
			fresh, err := c.storeHouse(i)
			if err != nil {
				return fmt.Errorf("store %s: %w", i.OrderID(), err)
			}
			if fresh {
				stored = append(stored, i.OrderID())
			}
		}
		return nil
	})
	return stored, err
}

func (c *change) storeHouse(i sweep.Intent) (bool, error) {
	o := swap.Order{ID: i.OrderID(), Purpose: i.Purpose, Chain: c.chain, Amount: asset.Amount{Asset: i.Asset, Units: i.Units}, At: swap.Millis(c.at)}
	rests := payment.House{FeeMax: i.FeeMax, Nonce: i.Nonce}
	switch {
	case i.Coin != "":
		o.Destination, _ = c.changeAddress()
	case i.Purpose == swap.PurposeGasTopUp:
		a, ours := c.addresses[place{c.chain, i.Address}]
		if !ours || a.purpose == purposeFunding {
			return false, errors.New("a top-up goes to a deposit address")
		}
		o.Destination, rests.DepositPath = i.Address, a.path
	default:
		o.Destination = c.senders[c.chain].address
	}
	if i.Purpose == swap.PurposeSweep {
		rests.From = i.Address
	}
	_, known := c.payments[o.ID]
	taken := c.house(func(p Payment) bool {
		return p.open() && p.Order.Purpose == i.Purpose && (rests.From != "" && p.House.From == rests.From ||
			i.Purpose == swap.PurposeGasTopUp && p.Order.Destination == o.Destination)
	})
	if known || len(taken) > 0 || c.halts[c.chain] != "" {
		return false, nil
	}
	c.queued++
	c.setPayment(o.ID, Payment{Payment: payment.Payment{Order: o, House: &rests, State: swap.PaymentQueued, Version: 1},
		queued: c.queued, queuedAt: c.at})
	return true, nil
}

// houseFunds are what a payment of the house's own is made from.
func (s *Store) houseFunds(p payment.Payment) (f chain.Funds, at queue, err error) {
	id := p.Order.Amount.Asset
	switch {
	case !s.accounts():
		f.ChangeAddress, f.ChangePath = s.changeAddress()
		f.Coins, err = s.small()
		f.Coins = f.Coins[:min(len(f.Coins), sweep.InputsMost)]
	case p.Order.Purpose == swap.PurposeSweep:
		f = chain.Funds{Sender: p.House.From, SenderPath: s.addresses[place{s.chain, p.House.From}].path, Nonce: s.nextNonce(p.House.From)}
		if f.Balance, err = s.buried(f.Sender, s.native.ID); err == nil && id != s.native.ID {
			f.TokenBalance, err = s.buried(f.Sender, id)
		}
	default:
		f, at, err = s.account(s.native.ID)
		if p.Order.Purpose == swap.PurposeGapFill {
			f.Nonce, at = p.House.Nonce, queue{}
		}
	}
	return f, at, err
}

// takeHouseNonce checks the nonce of a sweep or a gap-fill, and notes what a sweep moves.
func (c *change) takeHouseNonce(p payment.Payment, plan chain.Plan) error {
	f, _, err := c.houseFunds(p)
	if err != nil {
		return err
	}
	short := p.Order.Amount.Asset != c.native.ID && len(plan.Outputs) == 1 && f.TokenBalance.Less(plan.Outputs[0].Units)
	taken := short || f.Balance.Less(plan.Fee) || f.Nonce != plan.Nonce || f.SenderPath != plan.SenderPath
	for _, b := range c.batches {
		for _, a := range b.attempts {
			taken = taken || b.chain == c.chain && a.State != payment.AttemptDropped && a.Plan.SenderPath == plan.SenderPath && a.Plan.Nonce == plan.Nonce
		}
	}
	if taken {
		return fmt.Errorf("nonce %d of %.60s, or what it holds, has changed: %w", plan.Nonce, f.Sender, payment.ErrChanged)
	}
	if p.Order.Purpose == swap.PurposeSweep {
		row := c.payments[p.Order.ID]
		row.swept = plan.Outputs[0].Units
		c.setPayment(p.Order.ID, row)
	}
	return nil
}
