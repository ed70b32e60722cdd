package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

var (
	reorgDepositsSQL = statement("REORG_DEPOSITS")
	confirmedInSQL   = statement("CONFIRMED_IN")
	depositsUsedSQL  = statement("DEPOSITS_USED")
	reorgPaymentsSQL = statement("REORG_PAYMENTS")
	reorgBatchesSQL  = statement("REORG_BATCHES")
)

// Alarms of a reorganisation that is deeper than what was told as settled.
const (
	alarmDepositReorged = "alarm.deposit_reorged"
	alarmPaymentReorged = "alarm.payment_reorged"
)

// reorgDeposits takes the deposits of a block out of it and adds the keys of
// their entries to those to be reversed. A confirmed one whose payment may be signed
// is a loss as long as no other block has it.
func (c *change) reorgDeposits(ctx context.Context, at chain.Ref, keys map[string]bool) error {
	confirmed, err := texts(ctx, c.tx, confirmedInSQL, c.chain, at.Height, at.Hash)
	if err != nil {
		return fmt.Errorf("look for confirmed deposits: %w", err)
	}
	gone, err := c.deposits(ctx, reorgDepositsSQL, c.chain, at.Height, at.Hash)
	if err != nil {
		return err
	}
	// Asked after the rows are changed: a plan locks its deposit, so that it is
	// either stored by now or will find the deposit gone.
	used, err := c.depositsUsed(ctx, confirmed)
	if err != nil {
		return err
	}
	was := map[string]bool{}
	for _, id := range confirmed {
		was[id] = true
	}
	for _, d := range gone {
		keys[d.entryKey(at.Hash)] = true
		if was[d.id] && d.purpose == purposeSwap {
			keys[confirmedKey(d.id)] = true
		}
		payer, lost := used[d.id]
		d.used = lost
		c.tell(swap.FactDepositReorged, d, at.Height-1)
		if !lost {
			continue
		}
		reason := fmt.Sprintf("deposit %s of %s was confirmed and its payment planned, and a reorganisation has taken it back", d.id, d.amount)
		if err := c.loss(ctx, alarmDepositReorged, d.id, reason, c.chain, payer); err != nil {
			return err
		}
	}
	return nil
}

// depositsUsed maps deposits to the chain of the payment that is planned for them.
func (c *change) depositsUsed(ctx context.Context, ids []string) (map[string]asset.Chain, error) {
	used := map[string]asset.Chain{}
	if len(ids) == 0 {
		return used, nil
	}
	rows, err := c.tx.Query(ctx, depositsUsedSQL, ids)
	if err != nil {
		return nil, fmt.Errorf("look for payments of deposits: %w", err)
	}
	var id string
	var payer asset.Chain
	_, err = pgx.ForEachRow(rows, []any{&id, &payer}, func() error {
		used[id] = payer
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for payments of deposits: %w", err)
	}
	return used, nil
}

// loss raises an alarm and halts chains.
func (c *change) loss(ctx context.Context, alarm, target, reason string, halt ...asset.Chain) error {
	c.config.Log.Error("a reorganisation took back what was settled; payments are halted", "chain", c.chain,
		"alarm", alarm, "target", target)
	if err := c.staffAction(ctx, c.tx, itself, alarm, target, reason); err != nil {
		return err
	}
	for _, name := range halt {
		if _, err := c.haltChain(ctx, c.tx, name, itself, reason); err != nil {
			return err
		}
	}
	return nil
}

func confirmedKey(depositID string) string { return "deposit.confirmed:" + depositID }
func finalKey(orderID string) string       { return "payment.final:" + orderID }

// failedKey is another one for each batch: a payment may fail again.
func failedKey(orderID, batchID string) string {
	if batchID == orderID {
		return "payment.failed:" + orderID
	}
	return "payment.failed:" + orderID + "@" + batchID
}

// reorgPayments takes the payments of a block out of it, tells of them, and adds
// the keys of their entries to those to be reversed. Their bytes are handed in
// again; where that undoes what was final, a person looks first.
func (c *change) reorgPayments(ctx context.Context, at chain.Ref, keys map[string]bool) error {
	rows, err := c.tx.Query(ctx, reorgPaymentsSQL, c.chain, at.Height, at.Hash, c.at)
	if err != nil {
		return fmt.Errorf("take payments back: %w", err)
	}
	var a attempt
	var ended []attempt
	var orders []string
	_, err = pgx.ForEachRow(rows, []any{&a.txid, &a.fee, &a.orderID, &a.batchID, &a.swapID, &a.purpose,
		&a.amount.Asset, &a.amount.Units, &a.destination, &a.retry, &a.state}, func() error {
		orders = append(orders, a.orderID)
		keys[paymentKey(a.orderID, at.Hash)] = true
		if a.state == swap.PaymentFinal {
			keys[finalKey(a.orderID)] = true
		}
		if a.state == swap.PaymentFailed {
			keys[failedKey(a.orderID, a.batchID)] = false // a fee of zero was not booked
		}
		if a.state != swap.PaymentConfirmed && !a.purpose.House() { // what the house moves is ours wherever it is
			ended = append(ended, a)
		}
		c.facts = append(c.facts, a.fact(swap.FactPaymentReorged, c, a.fee, 0, ""))
		return nil
	})
	if err == nil && len(orders) > 0 {
		if _, err = c.tx.Exec(ctx, reorgBatchesSQL, c.chain, orders); err == nil {
			_, err = c.tx.Exec(ctx, reviveLostSQL, c.chain)
		}
	}
	if err != nil {
		return fmt.Errorf("take payments back: %w", err)
	}
	for _, a := range ended {
		reason := fmt.Sprintf("payment %s of %s was %s, and a reorganisation has taken it back", a.orderID, a.amount, a.state)
		if err := c.loss(ctx, alarmPaymentReorged, a.orderID, reason, c.chain); err != nil {
			return err
		}
	}
	return nil
}

// bookFinal closes a payment that is deep enough.
func (c *change) bookFinal(a attempt) error {
	if a.purpose.House() { // what it moved is where it was in the books
		c.book(finalKey(a.orderID), "payment.final", "", ledger.NetworkFees, ledger.PaymentConfirming, c.amount(a.fee))
		return nil
	}
	e := ledger.Entry{Key: finalKey(a.orderID), Kind: "payment.final", SwapID: a.swapID,
		Postings: []ledger.Posting{ledger.Debit(ledger.Clearing, a.amount)}}
	if a.amount.Asset == c.native.ID {
		cost, err := a.amount.Units.Add(a.fee)
		if err != nil {
			return fmt.Errorf("payment %s: %w", a.orderID, err)
		}
		e.Postings = append(e.Postings, ledger.Credit(ledger.PaymentConfirming, c.amount(cost)))
	} else {
		e.Postings = append(e.Postings, ledger.Credit(ledger.PaymentConfirming, a.amount))
		if !a.fee.IsZero() {
			e.Postings = append(e.Postings, ledger.Credit(ledger.PaymentConfirming, c.amount(a.fee)))
		}
	}
	if !a.fee.IsZero() {
		e.Postings = append(e.Postings, ledger.Debit(ledger.NetworkFees, c.amount(a.fee)))
	}
	c.blockEntries = append(c.blockEntries, e)
	return nil
}
