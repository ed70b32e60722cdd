package postgres

import (
	"context"
	"fmt"
	"math/big"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

var (
	ownAttemptsSQL    = statement("OWN_ATTEMPTS")
	includePaymentSQL = statement("INCLUDE_PAYMENT")
	includeBatchSQL   = statement("INCLUDE_BATCH")
	minedAttemptSQL   = statement("MINED_ATTEMPT")
	finishBatchesSQL  = statement("FINISH_BATCHES")
	lostAttemptsSQL   = statement("LOST_ATTEMPTS")
	finishPaymentsSQL = statement("FINISH_PAYMENTS")
)

// reasonMinedFailed is why a payment failed that was mined with failed status, or whose
// token's contract did nothing.
const reasonMinedFailed = "mined without effect: it cost its fee and paid nobody"

// attempt is one of our signed transactions with one of its batch's payments.
type attempt struct {
	txid string
	// fee is the plan's for the whole transaction, or the payment's share of it.
	fee             asset.Units
	batchID         string
	n               int
	orderID, swapID string
	purpose         swap.Purpose
	amount          asset.Amount
	destination     string
	// retry is that of the payment's newest order.
	retry int
	// state is the batch's.
	state swap.PaymentState
	// hold is what the payment's holds took off the wallet of its own asset, gas of the
	// chain's own where that is another.
	hold, gas asset.Units
}

func (a attempt) fact(kind swap.FactKind, c *change, fee asset.Units, height int64, reason string) swap.Fact {
	return swap.Fact{Kind: kind, SwapID: a.swapID, At: c.at, Payment: &swap.PaymentFact{
		OrderID: a.orderID, Purpose: a.purpose, Amount: a.amount,
		Destination: a.destination, TxID: a.txid, Fee: fee, Height: height, Reason: reason, Retry: a.retry,
	}}
}

// ownAttempts finds which transactions are ours, by txid, with all that each pays.
func (c *change) ownAttempts(ctx context.Context, credits []chain.Credit, debits []chain.Debit) (map[string][]attempt, error) {
	found := map[string][]attempt{}
	asked := txids(credits, debits)
	if len(asked) == 0 {
		return found, nil
	}
	rows, err := c.tx.Query(ctx, ownAttemptsSQL, c.chain, asked)
	if err != nil {
		return nil, fmt.Errorf("look for our transactions: %w", err)
	}
	var a attempt
	_, err = pgx.ForEachRow(rows, []any{&a.txid, &a.fee, &a.batchID, &a.n, &a.state, &a.orderID, &a.swapID, &a.purpose,
		&a.amount.Asset, &a.amount.Units, &a.destination, &a.retry, &a.hold, &a.gas}, func() error {
		found[a.txid] = append(found[a.txid], a)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for our transactions: %w", err)
	}
	return found, nil
}

// includeDebits finds the payments that the block made, and what was spent by
// somebody else.
func (c *change) includeDebits(ctx context.Context, b chain.Block, own map[string][]attempt) error {
	if len(b.Debits) == 0 {
		return nil
	}
	spends, err := c.spends(ctx, b, own)
	if err != nil {
		return err
	}
	f := foreign{sums: map[asset.ID]*big.Int{}}
	for _, sp := range spends {
		a, ours := own[sp.txid]
		if !ours {
			f.spent(sp, c.native.ID)
			continue
		}
		if !keepsAccounts(c.chain) {
			sp.fee = a[0].fee // exact on such chains
		}
		c.effect(a[0], &sp, &f)
		c.swept(b, a[0], sp, &f)
		if err := c.includeBatch(ctx, b, a, sp); err != nil {
			return err
		}
	}
	return c.includeForeign(ctx, b, f)
}

// includeBatch has the block's transaction be a batch's: its payments are in the block,
// and each bears its share of the fee.
func (c *change) includeBatch(ctx context.Context, b chain.Block, paid []attempt, sp spend) error {
	first := paid[0]
	for _, sql := range []struct {
		text string
		args []any
	}{{includeBatchSQL, []any{first.batchID}}, {minedAttemptSQL, []any{first.batchID, first.n}}} {
		tag, err := c.tx.Exec(ctx, sql.text, sql.args...)
		if err != nil {
			return fmt.Errorf("batch %s in the block: %w", first.batchID, err)
		}
		if tag.RowsAffected() != 1 {
			return fmt.Errorf("batch %s is %s and its attempt %d in the block: %w", first.batchID, first.state, first.n, ErrState)
		}
	}
	planned, err := payment.Shares(first.fee, len(paid))
	if err != nil {
		return err
	}
	cost, err := payment.Shares(sp.fee, len(paid))
	if err != nil {
		return err
	}
	for i, a := range paid {
		a.fee, sp.fee = planned[i], cost[i]
		if err := c.includePayment(ctx, b, a, sp); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) includePayment(ctx context.Context, b chain.Block, a attempt, sp spend) error {
	tag, err := c.tx.Exec(ctx, includePaymentSQL, a.orderID, a.txid, sp.fee, b.Height, b.Hash, sp.failed, c.at, a.batchID)
	if err != nil {
		return fmt.Errorf("payment %s in the block: %w", a.orderID, err)
	}
	if tag.RowsAffected() != 1 {
		return fmt.Errorf("payment %s is %s and in the block: %w", a.orderID, a.state, ErrState)
	}
	e, err := c.paymentEntry(a, b.Hash, sp)
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

// paymentEntry moves a payment from in flight to confirming: its amount if it had an
// effect, and its fee in the chain's own asset. What was held beyond that goes back to
// the wallet.
func (c *change) paymentEntry(a attempt, blockHash string, sp spend) (ledger.Entry, error) {
	if a.hold.IsZero() && (!a.purpose.House() || a.gas.IsZero()) {
		return ledger.Entry{}, fmt.Errorf("payment %s is in a block and has no hold: %w", a.orderID, ErrState)
	}
	e := ledger.Entry{Key: paymentKey(a.orderID, blockHash), Kind: "payment", SwapID: a.swapID}
	var moved asset.Units
	if !sp.failed && !a.purpose.House() { // what the house moves stays ours
		moved = a.amount.Units
	}
	if a.amount.Asset != c.native.ID {
		e.Postings = append(settle(a.amount.Asset, a.hold, moved), settle(c.native.ID, a.gas, sp.fee)...)
		return e, nil
	}
	cost, err := moved.Add(sp.fee)
	if err != nil {
		return e, fmt.Errorf("payment %s: %w", a.orderID, err)
	}
	e.Postings = settle(c.native.ID, a.hold, cost)
	return e, nil
}

// settle takes what was held of an asset out of flight: the cost is confirming, the
// wallet gets the rest or bears the excess.
func settle(id asset.ID, hold, cost asset.Units) []ledger.Posting {
	in := func(u asset.Units) asset.Amount { return asset.Amount{Asset: id, Units: u} }
	var all []ledger.Posting
	if !hold.IsZero() {
		all = append(all, ledger.Credit(ledger.InFlight, in(hold)))
	}
	if !cost.IsZero() {
		all = append(all, ledger.Debit(ledger.PaymentConfirming, in(cost)))
	}
	if rest, err := hold.Sub(cost); err == nil && !rest.IsZero() {
		all = append(all, ledger.Debit(ledger.Wallet, in(rest)))
	} else if excess, err := cost.Sub(hold); err == nil && !excess.IsZero() {
		all = append(all, ledger.Credit(ledger.Wallet, in(excess)))
	}
	return all
}

func paymentKey(orderID, blockHash string) string { return "payment:" + orderID + "@" + blockHash }

// finishPayments books and tells the payments that are deep enough now.
func (c *change) finishPayments(ctx context.Context, limit int64) error {
	rows, err := c.tx.Query(ctx, finishPaymentsSQL, c.chain, limit, c.at, reasonMinedFailed)
	if err != nil {
		return fmt.Errorf("finish payments: %w", err)
	}
	var a attempt
	var height int64
	var failed bool
	_, err = pgx.ForEachRow(rows, []any{&a.txid, &a.fee, &a.orderID, &a.batchID, &a.swapID, &a.purpose,
		&a.amount.Asset, &a.amount.Units, &a.destination, &a.retry, &height, &failed}, func() error {
		if failed {
			c.facts = append(c.facts, a.fact(swap.FactPaymentFailed, c, a.fee, height, reasonMinedFailed))
			c.book(failedKey(a.orderID, a.batchID), "payment.failed", a.swapID, ledger.NetworkFees, ledger.PaymentConfirming, c.amount(a.fee))
			return nil
		}
		c.facts = append(c.facts, a.fact(swap.FactPaymentFinal, c, a.fee, height, ""))
		return c.bookFinal(a)
	})
	if err == nil {
		_, err = c.tx.Exec(ctx, finishBatchesSQL, c.chain)
	}
	if err == nil {
		_, err = c.tx.Exec(ctx, lostAttemptsSQL, c.chain)
	}
	if err != nil {
		return fmt.Errorf("finish payments: %w", err)
	}
	return nil
}
