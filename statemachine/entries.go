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

// exchange is what a payout rests on: the quote, or a requote.
type exchange struct {
	// key names it within the swap: "" for the main leg, else the extra deposit's id.
	key                                     string
	deposit, payout, serviceFee, networkFee asset.Amount
}

func quoted(q swap.Quote) exchange {
	return exchange{deposit: q.Deposit, payout: q.Payout, serviceFee: q.ServiceFee, networkFee: q.NetworkFee}
}

func requoted(r swap.Requote, mismatchID string) exchange {
	x := exchange{deposit: r.Deposit, payout: r.Payout, serviceFee: r.ServiceFee, networkFee: r.NetworkFee}
	if !r.Main {
		x.key = ":" + mismatchID
	}
	return x
}

// exchangeOf is what a payment of the swap rests on. Requotes were verified before
// their payment was ordered.
func exchangeOf(s swap.Swap, p swap.Payment) (exchange, error) {
	for _, repriced := range s.Amended.Requotes {
		if repriced.OrderID == p.OrderID {
			r, err := swap.DecodeRequote(repriced.SignedRequote)
			return requoted(r, p.Deposits[0]), err
		}
	}
	return quoted(s.Terms.Quote), nil
}

// exchangeEntry exchanges deposits, all of which are booked; undone is how often that
// was reversed before.
func exchangeEntry(s swap.Swap, x exchange, undone int) (ledger.Entry, error) {
	postings := []ledger.Posting{
		ledger.Debit(ledger.SwapDeposit(s.ID), x.deposit), ledger.Credit(ledger.Inventory, x.deposit),
		ledger.Credit(ledger.SwapPayout(s.ID), x.payout)}
	gross := x.payout.Units
	for _, fee := range []ledger.Posting{ledger.Credit(ledger.ServiceFees, x.serviceFee), ledger.Credit(ledger.NetworkFeeIncome, x.networkFee)} {
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
	postings = append(postings, ledger.Debit(ledger.Inventory, asset.Amount{Asset: x.payout.Asset, Units: gross}))
	return ledger.Entry{Key: again("exchange:"+s.ID+x.key, undone), Kind: "exchange", SwapID: s.ID, Postings: postings}, nil
}

// writeOffEntry gives up on what can't be sent back: the house keeps it, by name.
func writeOffEntry(swapID string, d swap.Deposit) ledger.Entry {
	return ledger.Transfer(again("write_off:"+d.ID, d.TakenBack), "write_off", swapID, ledger.SwapDeposit(swapID), ledger.WrittenOff, d.Amount)
}

// refundEntry owes a deposit back, less the refund's fee.
func refundEntry(swapID string, d swap.Deposit, back asset.Amount) ledger.Entry {
	postings := []ledger.Posting{ledger.Debit(ledger.SwapDeposit(swapID), d.Amount), ledger.Credit(ledger.SwapRefund(swapID), back)}
	if fee, err := sub(d.Amount, back); err == nil && !fee.Units.IsZero() {
		postings = append(postings, ledger.Credit(ledger.NetworkFeeIncome, fee))
	}
	return ledger.Entry{Key: again("refund:"+d.ID, d.TakenBack), Kind: "refund", SwapID: swapID, Postings: postings}
}

// paymentEntry owes what a deposit's payment is for: the exchange once all that it
// rests on is there, or the refund.
func paymentEntry(s swap.Swap, d swap.Deposit, p swap.Payment) (ledger.Entry, error) {
	if p.Purpose == swap.PurposeRefund {
		return refundEntry(s.ID, d, p.Amount), nil
	}
	x, err := exchangeOf(s, p)
	if err != nil {
		return ledger.Entry{}, err
	}
	return exchangeEntry(s, x, p.Undone)
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
