package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

var (
	ownAttemptsSQL    = statement("OWN_ATTEMPTS")
	includePaymentSQL = statement("INCLUDE_PAYMENT")
	finishPaymentsSQL = statement("FINISH_PAYMENTS")
)

// reasonMinedFailed is why a payment that was mined with failed status failed.
const reasonMinedFailed = "mined with failed status: it cost its fee and paid nobody"

// attempt is one of our signed transactions with its payment.
type attempt struct {
	txid string
	// fee is the plan's.
	fee             asset.Units
	orderID, swapID string
	purpose         swap.Purpose
	amount          asset.Amount
	destination     string
	state           swap.PaymentState
	// hold is what the payment's holds took off the wallet.
	hold asset.Units
}

func (a attempt) fact(kind swap.FactKind, c *change, fee asset.Units, height int64, reason string) swap.Fact {
	return swap.Fact{Kind: kind, SwapID: a.swapID, At: c.at, Payment: &swap.PaymentFact{
		OrderID: a.orderID, Purpose: a.purpose, Amount: a.amount,
		Destination: a.destination, TxID: a.txid, Fee: fee, Height: height, Reason: reason,
	}}
}

// ownAttempts finds which transactions are ours, by txid.
func (c *change) ownAttempts(ctx context.Context, credits []chain.Credit, debits []chain.Debit) (map[string]attempt, error) {
	found := map[string]attempt{}
	asked := txids(credits, debits)
	if len(asked) == 0 {
		return found, nil
	}
	rows, err := c.tx.Query(ctx, ownAttemptsSQL, c.chain, asked)
	if err != nil {
		return nil, fmt.Errorf("look for our transactions: %w", err)
	}
	var a attempt
	_, err = pgx.ForEachRow(rows, []any{&a.txid, &a.fee, &a.orderID, &a.swapID, &a.purpose,
		&a.amount.Asset, &a.amount.Units, &a.destination, &a.state, &a.hold}, func() error {
		found[a.txid] = a
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for our transactions: %w", err)
	}
	return found, nil
}

// spend is what one transaction took from us.
type spend struct {
	txid   string
	units  asset.Units // all that left (foreign transactions)
	fee    asset.Units // account chains
	failed bool
}

// includeDebits finds the payments that the block made, and what was spent by
// somebody else.
func (c *change) includeDebits(ctx context.Context, b chain.Block, own map[string]attempt) error {
	if len(b.Debits) == 0 {
		return nil
	}
	spends, err := c.spends(ctx, b)
	if err != nil {
		return err
	}
	var foreign []spend
	for _, sp := range spends {
		a, ours := own[sp.txid]
		if !ours {
			foreign = append(foreign, sp)
			continue
		}
		if !keepsAccounts(c.chain) {
			sp.fee = a.fee // exact on such chains
		}
		if err := c.includePayment(ctx, b, a, sp); err != nil {
			return err
		}
	}
	return c.includeForeign(ctx, b, foreign)
}

// spends gathers a block's debits by transaction, in the block's order.
func (c *change) spends(ctx context.Context, b chain.Block) ([]spend, error) {
	var spends []spend
	if keepsAccounts(c.chain) {
		for _, d := range b.Debits {
			all, err := d.Units.Add(d.Fee)
			if err != nil {
				return nil, fmt.Errorf("transaction %s: %w", d.TxID, err)
			}
			spends = append(spends, spend{txid: d.TxID, units: all, fee: d.Fee, failed: d.Failed})
		}
		return spends, nil
	}
	spent, err := c.spendCoins(ctx, b)
	if err != nil {
		return nil, err
	}
	for _, d := range b.Debits {
		if units, first := spent[d.TxID]; first {
			spends = append(spends, spend{txid: d.TxID, units: units})
			delete(spent, d.TxID)
		}
	}
	return spends, nil
}

func (c *change) includePayment(ctx context.Context, b chain.Block, a attempt, sp spend) error {
	tag, err := c.tx.Exec(ctx, includePaymentSQL, a.orderID, a.txid, sp.fee, b.Height, b.Hash, sp.failed, c.at)
	if err != nil {
		return fmt.Errorf("payment %s in the block: %w", a.orderID, err)
	}
	if tag.RowsAffected() != 1 {
		return fmt.Errorf("payment %s is %s and in the block: %w", a.orderID, a.state, ErrState)
	}
	cost := sp.fee
	if !sp.failed {
		if cost, err = a.amount.Units.Add(sp.fee); err != nil {
			return fmt.Errorf("payment %s: %w", a.orderID, err)
		}
	}
	e, err := c.paymentEntry(a, b.Hash, cost)
	if err != nil {
		return err
	}
	c.blockEntries = append(c.blockEntries, e)
	if a.state == swap.PaymentSigned {
		// The process ended between handing it in and storing that.
		c.facts = append(c.facts, a.fact(swap.FactPaymentBroadcast, c, a.fee, 0, ""))
	}
	if !sp.failed {
		c.facts = append(c.facts, a.fact(swap.FactPaymentConfirmed, c, sp.fee, b.Height, ""))
	}
	return nil
}

// paymentEntry moves a payment from in flight to confirming. What was held for
// it beyond its cost goes back to the wallet.
func (c *change) paymentEntry(a attempt, blockHash string, cost asset.Units) (ledger.Entry, error) {
	if a.hold.IsZero() {
		return ledger.Entry{}, fmt.Errorf("payment %s is in a block and has no hold: %w", a.orderID, ErrState)
	}
	e := ledger.Entry{Key: paymentKey(a.orderID, blockHash), Kind: "payment", SwapID: a.swapID,
		Postings: []ledger.Posting{ledger.Credit(ledger.InFlight, c.amount(a.hold))}}
	if !cost.IsZero() {
		e.Postings = append(e.Postings, ledger.Debit(ledger.PaymentConfirming, c.amount(cost)))
	}
	if rest, err := a.hold.Sub(cost); err == nil && !rest.IsZero() {
		e.Postings = append(e.Postings, ledger.Debit(ledger.Wallet, c.amount(rest)))
	} else if excess, err := cost.Sub(a.hold); err == nil && !excess.IsZero() {
		e.Postings = append(e.Postings, ledger.Credit(ledger.Wallet, c.amount(excess)))
	}
	return e, nil
}

func paymentKey(orderID, blockHash string) string { return "payment:" + orderID + "@" + blockHash }

// foreignKey is of the one entry for all that a block shows to be spent by others.
func foreignKey(c asset.Chain, blockHash string) string {
	return "foreign:" + string(c) + "@" + blockHash
}

// includeForeign books what left without us and halts the chain: a key is in
// other hands, or our records are wrong.
func (c *change) includeForeign(ctx context.Context, b chain.Block, foreign []spend) error {
	if len(foreign) == 0 {
		return nil
	}
	var all asset.Units
	var names []string
	for _, sp := range foreign {
		sum, err := all.Add(sp.units)
		if err != nil {
			return fmt.Errorf("spends of others: %w", err)
		}
		all = sum
		names = append(names, sp.txid)
	}
	recovers, err := c.recovers(ctx, b.Height)
	if err != nil {
		return err
	}
	if recovers {
		c.book(foreignKey(c.chain, b.Hash), "recovered", "", ledger.Recovered, ledger.Wallet, all)
		return c.raiseNonces(ctx, b)
	}
	c.book(foreignKey(c.chain, b.Hash), "foreign", "", ledger.Suspense, ledger.Wallet, all)
	reason := fmt.Sprintf("funds of ours were spent by %s in block %d, and we did not sign that",
		strings.Join(names, ", "), b.Height)
	c.config.Log.Error("funds were spent by a transaction that is not ours", "chain", c.chain, "height", b.Height, "txids", names)
	halted, err := c.halt(ctx, c.tx, itself, reason)
	if err != nil || halted {
		return err
	}
	return c.staffAction(ctx, c.tx, itself, "foreign spend", string(c.chain), reason)
}

// finishPayments books and tells the payments that are deep enough now.
func (c *change) finishPayments(ctx context.Context, limit int64) error {
	rows, err := c.tx.Query(ctx, finishPaymentsSQL, c.chain, limit, c.at, reasonMinedFailed)
	if err != nil {
		return fmt.Errorf("finish payments: %w", err)
	}
	var a attempt
	var height int64
	var failed bool
	_, err = pgx.ForEachRow(rows, []any{&a.txid, &a.fee, &a.orderID, &a.swapID, &a.purpose,
		&a.amount.Asset, &a.amount.Units, &a.destination, &height, &failed}, func() error {
		if failed {
			c.facts = append(c.facts, a.fact(swap.FactPaymentFailed, c, a.fee, height, reasonMinedFailed))
			c.book(failedKey(a.orderID), "payment.failed", a.swapID, ledger.NetworkFees, ledger.PaymentConfirming, a.fee)
			return nil
		}
		c.facts = append(c.facts, a.fact(swap.FactPaymentFinal, c, a.fee, height, ""))
		return c.bookFinal(a)
	})
	if err != nil {
		return fmt.Errorf("finish payments: %w", err)
	}
	return nil
}
