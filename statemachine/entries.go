package statemachine

import (
	"fmt"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

// again is the key of an entry whose cause was taken back n times before: each time
// it is booked under a key of its own, so that it can't be booked twice at once.
func again(key string, n int) string {
	if n == 0 {
		return key
	}
	return fmt.Sprintf("%s#%d", key, n+1)
}

// depositEntry takes a deposit over from the hot wallet's book.
func depositEntry(swapID string, d swap.Deposit) ledger.Entry {
	kind, owed := "deposit", ledger.SwapDeposit(swapID)
	if d.Verdict == swap.VerdictDust {
		kind, owed = "dust", ledger.DustQuarantine
	}
	return ledger.Transfer(again("deposit:"+d.ID, d.TakenBack), kind, swapID, ledger.Clearing, owed, d.Amount)
}

// exchangeEntry exchanges the amount, all of which is booked, at the locked price;
// undone is how often that was reversed before.
func exchangeEntry(s swap.Swap, undone int) (ledger.Entry, error) {
	q := s.Terms.Quote
	postings := []ledger.Posting{
		ledger.Debit(ledger.SwapDeposit(s.ID), q.Deposit), ledger.Credit(ledger.Inventory, q.Deposit),
		ledger.Credit(ledger.SwapPayout(s.ID), q.Payout)}
	gross := q.Payout.Units
	for _, fee := range []ledger.Posting{ledger.Credit(ledger.ServiceFees, q.ServiceFee), ledger.Credit(ledger.NetworkFeeIncome, q.NetworkFee)} {
		if fee.Amount.Units.IsZero() {
			continue
		}
		sum, err := gross.Add(fee.Amount.Units)
		if err != nil {
			return ledger.Entry{}, err
		}
		gross = sum
		postings = append(postings, fee)
	}
	postings = append(postings, ledger.Debit(ledger.Inventory, asset.Amount{Asset: q.Pair.To, Units: gross}))
	return ledger.Entry{Key: again("exchange:"+s.ID, undone), Kind: "exchange", SwapID: s.ID, Postings: postings}, nil
}

// refundEntry owes a deposit back, less the refund's fee.
func refundEntry(s swap.Swap, d swap.Deposit, back asset.Amount) ledger.Entry {
	fee := s.Terms.Quote.RefundFeeMax
	postings := []ledger.Posting{ledger.Debit(ledger.SwapDeposit(s.ID), d.Amount), ledger.Credit(ledger.SwapRefund(s.ID), back)}
	if !fee.Units.IsZero() {
		postings = append(postings, ledger.Credit(ledger.NetworkFeeIncome, fee))
	}
	return ledger.Entry{Key: again("refund:"+d.ID, d.TakenBack), Kind: "refund", SwapID: s.ID, Postings: postings}
}

// paymentEntry owes what a deposit's payment is for: the exchange once all that it
// rests on is there, or the refund.
func paymentEntry(s swap.Swap, d swap.Deposit, p swap.Payment) (ledger.Entry, error) {
	if p.Purpose == swap.PurposeRefund {
		return refundEntry(s, d, p.Amount), nil
	}
	return exchangeEntry(s, p.Undone)
}

// lossEntry books a deposit that is gone although it was paid out, as ours to
// bear. It stands in the place of the deposit's reversal.
func lossEntry(swapID string, d swap.Deposit) ledger.Entry {
	return ledger.Transfer("reversed:"+again("deposit:"+d.ID, d.TakenBack), "deposit.lost", swapID, ledger.ReorgLosses, ledger.Clearing, d.Amount)
}

// recoveryEntry books a lost deposit that is confirmed again.
func recoveryEntry(swapID string, d swap.Deposit) ledger.Entry {
	return ledger.Transfer(again("deposit:"+d.ID, d.TakenBack), "deposit.recovered", swapID, ledger.Clearing, ledger.ReorgLosses, d.Amount)
}

// paidEntry closes what was owed: the chain has it.
func paidEntry(swapID string, p swap.Payment) ledger.Entry {
	owed := ledger.SwapPayout(swapID)
	if p.Purpose == swap.PurposeRefund {
		owed = ledger.SwapRefund(swapID)
	}
	return ledger.Transfer(again("paid:"+p.OrderID, p.TakenBack), string(p.Purpose)+"_paid", swapID, owed, ledger.Clearing, p.Amount)
}

// reversed undoes an entry.
func reversed(e ledger.Entry) ledger.Entry { return e.Reverse("reversed:"+e.Key, e.Kind+".reversed") }
