package model

import (
	"fmt"
	"slices"
	"strings"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
	"ferry/swap/model"
)

const reasonMinedFailed = "mined with failed status: it cost its fee and paid nobody"

func paymentKey(orderID, hash string) string { return "payment:" + orderID + "@" + hash }
func finalKey(orderID string) string         { return "payment.final:" + orderID }
func failedKey(orderID string) string        { return "payment.failed:" + orderID }

func foreignKey(c asset.Chain, hash string) string { return "foreign:" + string(c) + "@" + hash }

func (p Payment) fact(kind swap.FactKind, c *change, fee asset.Units, at int64, reason string) swap.Fact {
	o := p.Order
	return swap.Fact{Kind: kind, SwapID: o.SwapID, At: c.at, Payment: &swap.PaymentFact{OrderID: o.ID, Purpose: o.Purpose,
		Amount: o.Amount, Destination: o.Destination, TxID: p.Attempt.TxID, Fee: fee, Height: at, Reason: reason}}
}

// includeDebits finds the payments that the block made, and what others spent.
func (c *change) includeDebits(b chain.Block) error {
	var foreign asset.Units
	var names []string
	done := map[string]bool{}
	for _, d := range b.Debits {
		units, err := d.Units.Add(d.Fee)
		if err == nil && !c.accounts() {
			units, err = c.spendCoin(d, b.Height)
		}
		if err != nil {
			return err
		}
		p, ours := c.payments[c.txids[place{c.chain, d.TxID}]]
		switch {
		case !ours:
			if foreign, err = foreign.Add(units); err != nil {
				return fmt.Errorf("spends of others: %w", err)
			}
			names = append(names, d.TxID)
		case !done[d.TxID]:
			done[d.TxID] = true
			if err := c.includePayment(b, p, d); err != nil {
				return err
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	if c.recovers(b.Height) {
		c.book(foreignKey(c.chain, b.Hash), "recovered", "", ledger.Recovered, ledger.Wallet, foreign)
		c.raiseNonces(b)
		return nil
	}
	c.book(foreignKey(c.chain, b.Hash), "foreign", "", ledger.Suspense, ledger.Wallet, foreign)
	reason := fmt.Sprintf("funds of ours were spent by %s in block %d, and we did not sign that", strings.Join(names, ", "), b.Height)
	if !c.halt(c.chain, reason) {
		c.act("foreign spend", string(c.chain), reason)
	}
	return nil
}

func (c *change) includePayment(b chain.Block, p Payment, d chain.Debit) error {
	before := p.State
	if before != swap.PaymentSigned && before != swap.PaymentBroadcast {
		return fmt.Errorf("payment %s is %s and in the block: %w", p.Order.ID, before, ErrState)
	}
	p.fee = d.Fee
	if !c.accounts() {
		p.fee = p.Attempt.Plan.Fee
	}
	p.State, p.TxID, p.Height, p.BlockHash, p.Failed = swap.PaymentConfirmed, d.TxID, b.Height, b.Hash, d.Failed
	p.Version++
	model.Set(c.tx, c.payments, p.Order.ID, p)
	cost := p.fee
	if !p.Failed {
		sum, err := cost.Add(p.Order.Amount.Units)
		if err != nil {
			return fmt.Errorf("payment %s: %w", p.Order.ID, err)
		}
		cost = sum
	}
	c.blockEntries = append(c.blockEntries, c.paymentEntry(p, b.Hash, cost))
	if before == swap.PaymentSigned {
		c.facts = append(c.facts, p.fact(swap.FactPaymentBroadcast, c, p.Attempt.Plan.Fee, 0, ""))
	}
	if !p.Failed {
		c.facts = append(c.facts, p.fact(swap.FactPaymentConfirmed, c, p.fee, b.Height, ""))
	}
	return nil
}

// paymentEntry moves a payment from in flight to confirming; what was held beyond
// its cost goes back to the wallet.
func (c *change) paymentEntry(p Payment, hash string, cost asset.Units) ledger.Entry {
	e := ledger.Entry{Key: paymentKey(p.Order.ID, hash), Kind: "payment", SwapID: p.Order.SwapID,
		Postings: []ledger.Posting{ledger.Credit(ledger.InFlight, c.amount(p.hold))}}
	if !cost.IsZero() {
		e.Postings = append(e.Postings, ledger.Debit(ledger.PaymentConfirming, c.amount(cost)))
	}
	if rest, err := p.hold.Sub(cost); err == nil && !rest.IsZero() {
		e.Postings = append(e.Postings, ledger.Debit(ledger.Wallet, c.amount(rest)))
	} else if excess, err := cost.Sub(p.hold); err == nil && !excess.IsZero() {
		e.Postings = append(e.Postings, ledger.Credit(ledger.Wallet, c.amount(excess)))
	}
	return e
}

// own lists this chain's payments that match, in the order they were queued.
func (s *Store) own(match func(Payment) bool) []Payment {
	var found []Payment
	for _, p := range s.payments {
		if p.Order.Chain == s.chain && match(p) {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b Payment) int { return int(a.queued - b.queued) })
	return found
}

// finishPayments books and tells the payments that are deep enough now.
func (c *change) finishPayments(limit int64) error {
	for _, p := range c.own(func(p Payment) bool { return p.State == swap.PaymentConfirmed && p.Height <= limit }) {
		p.State, p.Reason = swap.PaymentFinal, ""
		if p.Failed {
			p.State, p.Reason = swap.PaymentFailed, reasonMinedFailed
		}
		p.Version++
		model.Set(c.tx, c.payments, p.Order.ID, p)
		if p.Failed {
			c.facts = append(c.facts, p.fact(swap.FactPaymentFailed, c, p.fee, p.Height, reasonMinedFailed))
			c.book(failedKey(p.Order.ID), "payment.failed", p.Order.SwapID, ledger.NetworkFees, ledger.PaymentConfirming, p.fee)
			continue
		}
		c.facts = append(c.facts, p.fact(swap.FactPaymentFinal, c, p.fee, p.Height, ""))
		cost, err := p.Order.Amount.Units.Add(p.fee)
		if err != nil {
			return fmt.Errorf("payment %s: %w", p.Order.ID, err)
		}
		e := ledger.Entry{Key: finalKey(p.Order.ID), Kind: "payment.final", SwapID: p.Order.SwapID, Postings: []ledger.Posting{
			ledger.Debit(ledger.Clearing, p.Order.Amount), ledger.Credit(ledger.PaymentConfirming, c.amount(cost))}}
		if !p.fee.IsZero() {
			e.Postings = append(e.Postings, ledger.Debit(ledger.NetworkFees, c.amount(p.fee)))
		}
		c.blockEntries = append(c.blockEntries, e)
	}
	return nil
}

// reorgPayments takes the payments of a block out of it: their bytes are handed in
// again.
func (c *change) reorgPayments(at chain.Ref, keys map[string]bool) {
	for _, p := range c.own(func(p Payment) bool { return p.BlockHash == at.Hash && p.Height == at.Height }) {
		before, fee := p.State, p.fee
		keys[paymentKey(p.Order.ID, at.Hash)] = true
		if before == swap.PaymentFinal {
			keys[finalKey(p.Order.ID)] = true
		}
		if before == swap.PaymentFailed {
			keys[failedKey(p.Order.ID)] = false
		}
		p.State, p.TxID, p.fee, p.Height, p.BlockHash, p.Failed, p.Reason = swap.PaymentBroadcast, "", asset.Units{}, 0, "", false, ""
		p.Version++
		model.Set(c.tx, c.payments, p.Order.ID, p)
		c.facts = append(c.facts, p.fact(swap.FactPaymentReorged, c, fee, 0, ""))
		if before != swap.PaymentConfirmed {
			reason := fmt.Sprintf("payment %s of %s was %s, and a reorganisation has taken it back", p.Order.ID, p.Order.Amount, before)
			c.loss("alarm.payment_reorged", p.Order.ID, reason, c.chain)
		}
	}
}

var _ payment.Store = (*Store)(nil)
