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

const reasonMinedFailed = "mined without effect: it cost its fee and paid nobody"

func paymentKey(orderID, hash string) string { return "payment:" + orderID + "@" + hash }
func finalKey(orderID string) string         { return "payment.final:" + orderID }

// failedKey is another one for each batch: a payment may fail again.
func failedKey(orderID, batchID string) string {
	if batchID == orderID {
		return "payment.failed:" + orderID
	}
	return "payment.failed:" + orderID + "@" + batchID
}

func foreignKey(c asset.Chain, hash string) string { return "foreign:" + string(c) + "@" + hash }

func (p Payment) fact(kind swap.FactKind, c *change, fee asset.Units, at int64, reason string) swap.Fact {
	o := p.Order
	return swap.Fact{Kind: kind, SwapID: o.SwapID, At: c.at, Payment: &swap.PaymentFact{OrderID: o.ID, Purpose: o.Purpose,
		Amount: o.Amount, Destination: o.Destination, TxID: p.TxID, Fee: fee, Height: at, Reason: reason, Retry: o.Retry}}
}

// includeDebits finds the payments that the block made, and what others spent.
func (c *change) includeDebits(b chain.Block) error {
	var alien strangers
	for _, t := range c.transactions(b) {
		own, ours := c.batches[c.txids[place{c.chain, t.txid}]]
		if !c.accounts() {
			for i, d := range t.debits {
				units, err := c.spendCoin(d, b.Height)
				if err != nil {
					return err
				}
				t.debits[i].Units, t.debits[i].Asset = units, c.native.ID
			}
		}
		rest := t.debits
		if ours {
			debits, others, err := c.split(t, own)
			if err != nil {
				return err
			}
			rest = others
			if err := c.includeBatch(b, own, debits, &alien); err != nil {
				return err
			}
		}
		for _, d := range rest {
			name := t.txid
			if ours {
				name += " at " + d.Address
			}
			alien.took(name, d.Asset, d.Units.Big())
			alien.took(name, c.native.ID, d.Fee.Big())
			alien.name(name)
		}
	}
	if len(alien.by) == 0 {
		return nil
	}
	recovers := c.recovers(b.Height)
	e, err := alien.entry(foreignKey(c.chain, b.Hash), recovers)
	if err != nil {
		return err
	}
	if len(e.Postings) > 0 {
		c.blockEntries = append(c.blockEntries, e)
	}
	if recovers {
		c.raiseNonces(b)
		return nil
	}
	reason := fmt.Sprintf("funds of ours were spent by %s in block %d, and we did not sign that", strings.Join(alien.by, ", "), b.Height)
	if !c.halt(c.chain, reason) {
		c.act("foreign spend", string(c.chain), reason)
	}
	return nil
}

// includeBatch: own are the debits of the batch's sender.
func (c *change) includeBatch(b chain.Block, row batch, own []chain.Debit, alien *strangers) error {
	if row.state != swap.PaymentSigned && row.state != swap.PaymentBroadcast {
		return fmt.Errorf("batch %s is %s and in the block: %w", row.id, row.state, ErrState)
	}
	whole := c.read(row)
	i := slices.IndexFunc(whole.Attempts, func(a payment.Attempt) bool { return a.TxID == own[0].TxID })
	mined := whole.Attempts[i]
	fee, failed := own[0].Fee, own[0].Failed
	if !c.accounts() {
		fee = mined.Plan.Fee
	} else {
		first := c.payments[row.orders[0]]
		failed = c.compare(first.moved(), own, alien) || failed
		if first.House != nil && !failed {
			c.missing(b, first, own, alien)
		}
	}
	planned, err := payment.Shares(mined.Plan.Fee, len(row.orders))
	if err != nil {
		return err
	}
	cost, err := payment.Shares(fee, len(row.orders))
	if err != nil {
		return err
	}
	c.put(whole.Moved(swap.PaymentConfirmed, whole.Reason(), mined.N, func(a *payment.Attempt) { a.State = payment.AttemptMined }))
	for i, id := range row.orders {
		p := c.payments[id]
		p.TxID, p.Height, p.BlockHash, p.fee, p.Failed = mined.TxID, b.Height, b.Hash, cost[i], failed
		c.setPayment(id, p)
		e, err := c.paymentEntry(p, b.Hash)
		if err != nil {
			return err
		}
		c.blockEntries = append(c.blockEntries, e)
		if row.state == swap.PaymentSigned {
			c.facts = append(c.facts, p.fact(swap.FactPaymentBroadcast, c, planned[i], 0, ""))
		}
		if !p.Failed {
			c.facts = append(c.facts, p.fact(swap.FactPaymentConfirmed, c, p.fee, b.Height, ""))
		}
	}
	return nil
}

// follow has a batch come to where its payments are, which is one state for all.
func (c *change) follow(batchID string, final bool) {
	b := c.batches[batchID]
	b.state = c.payments[b.orders[0]].State
	b.version++
	if final {
		b.attempts = lost(b.attempts)
	} else {
		b.attempts, b.death = slices.Clone(b.attempts), nil
		for i, a := range b.attempts {
			if a.State == payment.AttemptMined || a.State == payment.AttemptReplaced {
				b.attempts[i].State = payment.AttemptBroadcast
			}
		}
	}
	model.Set(c.tx, c.batches, batchID, b)
}

// paymentEntry moves a payment from in flight to confirming, each asset by itself.
func (c *change) paymentEntry(p Payment, hash string) (ledger.Entry, error) {
	e := ledger.Entry{Key: paymentKey(p.Order.ID, hash), Kind: "payment", SwapID: p.Order.SwapID}
	cost := asset.Amount{Asset: p.Order.Amount.Asset}
	if !p.Failed && p.House == nil { // what the house moves stays ours
		cost.Units = p.Order.Amount.Units
	}
	if cost.Asset != c.native.ID {
		e.Postings = append(landed(cost, p.hold), landed(c.amount(p.fee), p.gas)...)
		return e, nil
	}
	sum, err := cost.Units.Add(p.fee)
	if err != nil {
		return e, fmt.Errorf("payment %s: %w", p.Order.ID, err)
	}
	e.Postings = landed(c.amount(sum), p.hold)
	return e, nil
}

// landed: what was held beyond the cost goes back to the wallet, which bears an excess.
func landed(cost asset.Amount, held asset.Units) []ledger.Posting {
	in := func(u asset.Units) asset.Amount { return asset.Amount{Asset: cost.Asset, Units: u} }
	var all []ledger.Posting
	if !held.IsZero() {
		all = append(all, ledger.Credit(ledger.InFlight, in(held)))
	}
	if !cost.Units.IsZero() {
		all = append(all, ledger.Debit(ledger.PaymentConfirming, cost))
	}
	if rest, err := held.Sub(cost.Units); err == nil && !rest.IsZero() {
		all = append(all, ledger.Debit(ledger.Wallet, in(rest)))
	} else if excess, err := cost.Units.Sub(held); err == nil && !excess.IsZero() {
		all = append(all, ledger.Credit(ledger.Wallet, in(excess)))
	}
	return all
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
	ended := c.own(func(p Payment) bool { return p.State == swap.PaymentConfirmed && p.Height <= limit })
	for _, p := range ended {
		p.State, p.Reason = swap.PaymentFinal, ""
		if p.Failed {
			p.State, p.Reason, p.failedRetry, p.endedAt = swap.PaymentFailed, reasonMinedFailed, p.Order.Retry, c.at
		}
		p.Version++
		c.setPayment(p.Order.ID, p)
		if p.Failed {
			c.facts = append(c.facts, p.fact(swap.FactPaymentFailed, c, p.fee, p.Height, reasonMinedFailed))
			c.book(failedKey(p.Order.ID, p.BatchID), "payment.failed", p.Order.SwapID, ledger.NetworkFees, ledger.PaymentConfirming, c.amount(p.fee))
			continue
		}
		c.facts = append(c.facts, p.fact(swap.FactPaymentFinal, c, p.fee, p.Height, ""))
		e, err := c.finalEntry(p)
		if err != nil {
			return err
		}
		c.blockEntries = append(c.blockEntries, e)
	}
	for _, id := range batchesOf(ended) {
		c.follow(id, true)
	}
	return nil
}

// batchesOf are the payments' batches, each once, in the payments' order.
func batchesOf(payments []Payment) []string {
	var ids []string
	for _, p := range payments {
		if !slices.Contains(ids, p.BatchID) {
			ids = append(ids, p.BatchID)
		}
	}
	return ids
}

// finalEntry closes a payment that is deep enough, each asset by itself.
func (c *change) finalEntry(p Payment) (ledger.Entry, error) {
	if p.House != nil { // what it moved is where it was in the books
		return ledger.Transfer(finalKey(p.Order.ID), "payment.final", "", ledger.NetworkFees, ledger.PaymentConfirming, c.amount(p.fee)), nil
	}
	e := ledger.Entry{Key: finalKey(p.Order.ID), Kind: "payment.final", SwapID: p.Order.SwapID,
		Postings: []ledger.Posting{ledger.Debit(ledger.Clearing, p.Order.Amount)}}
	out, gas := p.Order.Amount, p.fee
	if out.Asset == c.native.ID {
		sum, err := out.Units.Add(p.fee)
		if err != nil {
			return e, fmt.Errorf("payment %s: %w", p.Order.ID, err)
		}
		out.Units, gas = sum, asset.Units{}
	}
	e.Postings = append(e.Postings, ledger.Credit(ledger.PaymentConfirming, out))
	if !gas.IsZero() {
		e.Postings = append(e.Postings, ledger.Credit(ledger.PaymentConfirming, c.amount(gas)))
	}
	if !p.fee.IsZero() {
		e.Postings = append(e.Postings, ledger.Debit(ledger.NetworkFees, c.amount(p.fee)))
	}
	return e, nil
}

// reorgPayments takes the payments of a block out of it: their bytes are handed in
// again.
func (c *change) reorgPayments(at chain.Ref, keys map[string]bool) {
	gone := c.own(func(p Payment) bool { return p.BlockHash == at.Hash && p.Height == at.Height })
	for _, p := range gone {
		before, fee := p.State, p.fee
		keys[paymentKey(p.Order.ID, at.Hash)] = true
		if before == swap.PaymentFinal {
			keys[finalKey(p.Order.ID)] = true
		}
		if before == swap.PaymentFailed {
			keys[failedKey(p.Order.ID, p.BatchID)] = false
		}
		c.facts = append(c.facts, p.fact(swap.FactPaymentReorged, c, fee, 0, ""))
		p.State, p.TxID, p.fee, p.Height, p.BlockHash, p.Failed, p.Reason = swap.PaymentBroadcast, "", asset.Units{}, 0, "", false, ""
		p.Version++
		c.setPayment(p.Order.ID, p)
		if before != swap.PaymentConfirmed && p.House == nil {
			reason := fmt.Sprintf("payment %s of %s was %s, and a reorganisation has taken it back", p.Order.ID, p.Order.Amount, before)
			c.loss("alarm.payment_reorged", p.Order.ID, reason, c.chain)
		}
	}
	for _, id := range batchesOf(gone) {
		c.follow(id, false)
	}
}

var _ payment.Store = (*Store)(nil)
