package statemachine

import (
	"fmt"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// MaxDeposits bounds what one swap's row carries. Deposits beyond it are parked,
// with an alarm, rather than let an advertiser grow a row without end.
const MaxDeposits = 500

// depositStates is what each fact says of its deposit.
var depositStates = map[swap.FactKind]swap.DepositState{
	swap.FactDepositSeen: swap.DepositSeen, swap.FactDepositInBlock: swap.DepositInBlock,
	swap.FactDepositConfirmed: swap.DepositFinal, swap.FactDepositReplaced: swap.DepositReplaced,
	swap.FactDepositReorged: swap.DepositReorgedTo,
}

// decideDeposit records what the watcher knows of a deposit and says what it
// amounts to.
func decideDeposit(d Decision, f swap.Fact) Decision {
	told := *f.Deposit
	if told.Amount.Asset != d.Swap.Terms.Quote.Pair.From {
		return parked("the deposit is in %s, the swap is for %s", told.Amount.Asset, d.Swap.Terms.Quote.Pair.From)
	}
	if told.Address != d.Swap.Terms.Receipt.DepositAddress {
		return parked("the deposit is to another address than the receipt's")
	}
	i := d.depositIndex(told.DepositID)
	if i < 0 && len(d.Swap.Deposits) >= MaxDeposits {
		return parked("the swap has %d deposits, the most that are taken", MaxDeposits)
	}
	if i < 0 {
		d.Swap.Deposits = append(d.Swap.Deposits, swap.Deposit{
			ID: told.DepositID, TxID: told.TxID, Amount: told.Amount, FirstSeen: told.FirstSeen})
		i = len(d.Swap.Deposits) - 1
	}
	before := d.Swap.Deposits[i]
	if before.State == swap.DepositFinal && f.Kind == swap.FactDepositReorged {
		return takeBack(d, i, told, f)
	}
	if before.State == swap.DepositFinal {
		d.Note = fmt.Sprintf("Deposit %s is judged already.", short(told.TxID))
		return d
	}
	after := &d.Swap.Deposits[i]
	after.Confirmations, after.Needed = told.Confirmations, told.Needed
	after.Height, after.BlockTime = told.Height, told.BlockTime
	if !told.FirstSeen.IsZero() && told.FirstSeen.Before(after.FirstSeen) {
		after.FirstSeen = told.FirstSeen
	}
	after.State = depositStates[f.Kind]
	if after.State == swap.DepositFinal && after.Verdict != swap.VerdictNone {
		return giveBack(d, i, told)
	}
	if after.State == swap.DepositFinal {
		return judge(d, i, told)
	}
	return sighted(d, i, told, f)
}

// sighted follows deposits that are not confirmed yet: they show, and never count.
func sighted(d Decision, i int, told swap.DepositFact, f swap.Fact) Decision {
	deposit := d.Swap.Deposits[i]
	live := deposit.State == swap.DepositSeen || deposit.State == swap.DepositInBlock
	switch {
	case isDust(d.Swap.Terms.Quote, told):
		d.Note = fmt.Sprintf("%s is dust and touches nothing.", told.Amount)
	case live:
		d.Note = fmt.Sprintf("%s of %s, %d of %d confirmations.", told.Amount, short(told.TxID), told.Confirmations, told.Needed)
		if Allowed(d.From, MoveSeen) && (d.From != swap.Expired || onTimeSoFar(d.Swap.Terms.Receipt, deposit, d.now(f))) {
			d.Move = MoveSeen
		}
	default:
		d.Note = fmt.Sprintf("%s of %s is gone from its chain.", told.Amount, short(told.TxID))
		if d.From == swap.DepositDetected && !d.waitsForReturn() && !d.hasLiveDeposit(told) {
			d.Move = MoveGone
			if f.At.After(d.Swap.Terms.Receipt.DepositBy) {
				d.Move = MoveExpire
			}
		}
	}
	return d
}

// judge gives a confirmed deposit its verdict, books it, and orders what follows.
func judge(d Decision, i int, told swap.DepositFact) Decision {
	terms, deposit := d.Swap.Terms, &d.Swap.Deposits[i]
	if isDust(terms.Quote, told) {
		deposit.Verdict = swap.VerdictDust
		d.Note = fmt.Sprintf("%s is dust: it is kept apart and touches nothing.", told.Amount)
		d.Entries = append(d.Entries, depositEntry(d.Swap.ID, *deposit))
		return d
	}
	d.Entries = append(d.Entries, depositEntry(d.Swap.ID, *deposit))
	deposit.Verdict = verdict(d, *deposit, told)
	switch deposit.Verdict {
	case swap.VerdictCounted:
		return count(d, *deposit)
	case swap.VerdictExtra:
		return refund(d, *deposit, MoveNone, "")
	case swap.VerdictLate:
		return refund(d, *deposit, MoveRefund, ReasonLate)
	case swap.VerdictShort:
		return refund(d, *deposit, MoveRefund, ReasonShort)
	default:
		return refund(d, *deposit, MoveRefund, ReasonOver)
	}
}

// verdict judges a deposit above dust. Lateness comes before the amount: a late
// deposit of the exact amount is late.
func verdict(d Decision, deposit swap.Deposit, told swap.DepositFact) swap.Verdict {
	terms := d.Swap.Terms
	if !Allowed(d.From, MoveRefund) || d.waitsForReturn() {
		return swap.VerdictExtra
	}
	if !onTime(terms.Receipt, deposit, told) {
		return swap.VerdictLate
	}
	switch told.Amount.Units.Cmp(terms.Quote.Deposit.Units) {
	case -1:
		return swap.VerdictShort
	case 1:
		return swap.VerdictOver
	}
	return swap.VerdictCounted
}

// onTime is PRODUCT's definition: first seen by our node, or its block's time,
// before expiry, and confirmed before the confirm-by limit. When it was confirmed
// is our own clock's word, because block times can run ahead.
func onTime(r swap.Receipt, deposit swap.Deposit, told swap.DepositFact) bool {
	seen := !deposit.FirstSeen.After(r.DepositBy) ||
		!told.BlockTime.IsZero() && !told.BlockTime.After(r.DepositBy)
	return seen && !told.ConfirmedAt.After(r.ConfirmBy)
}

// onTimeSoFar is onTime for a deposit that still has to confirm. At the limit the
// deadline may have been told already: nothing would end the wait.
func onTimeSoFar(r swap.Receipt, deposit swap.Deposit, now time.Time) bool {
	return !deposit.FirstSeen.After(r.DepositBy) && now.Before(r.ConfirmBy)
}

// isDust: below the chain's published threshold, or so small that nothing the
// chain would carry is left of it after the refund's fee. An exact deposit is
// never dust, whatever the threshold has become since the quote.
func isDust(q swap.Quote, told swap.DepositFact) bool {
	if told.Amount.Units.Cmp(q.Deposit.Units) == 0 {
		return false
	}
	least, err := told.DustThreshold.Add(q.RefundFeeMax.Units)
	return err != nil || told.Amount.Units.Less(least)
}

// count exchanges the deposit at the locked price and orders the payout.
func count(d Decision, deposit swap.Deposit) Decision {
	q := d.Swap.Terms.Quote
	entry, err := exchangeEntry(d.Swap, deposit)
	if err != nil {
		return parked("the quote's amounts overflow: %v", err)
	}
	d.Entries = append(d.Entries, entry)
	d.Move = MoveCount
	d.Note = fmt.Sprintf("%s counted; %s ordered to the payout address.", deposit.Amount, q.Payout)
	return order(d, swap.PurposePayout, deposit, q.Payout, d.Swap.Terms.Receipt.PayoutAddress)
}

// refund sends a deposit back, less the fee the quote named as the most.
func refund(d Decision, deposit swap.Deposit, move Move, reason string) Decision {
	back, err := sub(deposit.Amount, d.Swap.Terms.Quote.RefundFeeMax)
	if err != nil || back.Units.IsZero() {
		return parked("a refund of %s would leave nothing after its fee", deposit.Amount)
	}
	d.Entries = append(d.Entries, refundEntry(d.Swap, deposit, back))
	d.Move = move
	if reason != "" {
		d.Swap.Reason = reason
	}
	d.Note = fmt.Sprintf("%s is %s: a refund of %s to the refund address is ordered.", deposit.Amount, deposit.Verdict, back)
	return order(d, swap.PurposeRefund, deposit, back, d.Swap.Terms.Receipt.RefundAddress)
}

// order adds the payment to the swap and the order to the decision.
func order(d Decision, purpose swap.Purpose, deposit swap.Deposit, amount asset.Amount, destination string) Decision {
	id := swap.PayoutOrderID(d.Swap.ID)
	if purpose == swap.PurposeRefund {
		id = swap.RefundOrderID(deposit.ID)
	}
	d.Swap.Payments = append(d.Swap.Payments, swap.Payment{OrderID: id, Purpose: purpose,
		DepositID: deposit.ID, Amount: amount, Destination: destination, State: swap.PaymentQueued})
	d.Orders = append(d.Orders, swap.Order{ID: id, SwapID: d.Swap.ID, Purpose: purpose,
		Chain: asset.MustLookup(amount.Asset).Chain, DepositID: deposit.ID, DepositAmount: deposit.Amount,
		Amount: amount, Destination: destination, SignedQuote: d.Swap.Terms.SignedQuote,
		SignedReceipt: d.Swap.Terms.SignedReceipt})
	return d
}

func (d Decision) depositIndex(id string) int {
	for i, deposit := range d.Swap.Deposits {
		if deposit.ID == id {
			return i
		}
	}
	return -1
}

// hasLiveDeposit reports whether any deposit above dust still waits to confirm.
func (d Decision) hasLiveDeposit(told swap.DepositFact) bool {
	for _, deposit := range d.Swap.Deposits {
		same := told
		same.Amount = deposit.Amount
		if (deposit.State == swap.DepositSeen || deposit.State == swap.DepositInBlock) && !isDust(d.Swap.Terms.Quote, same) {
			return true
		}
	}
	return false
}

// short is enough of a transaction id for a person to recognise it.
func short(txid string) string {
	if len(txid) <= 12 {
		return txid
	}
	return txid[:12] + "…"
}
