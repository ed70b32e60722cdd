package statemachine

import (
	"fmt"
	"slices"
	"strings"

	"ferry/swap"
	"ferry/swap/asset"
)

// judge books a confirmed deposit and says what it is: dust, extra, late, or of the
// main leg.
func judge(d Decision, i int, told swap.DepositFact, f swap.Fact) Decision {
	l, q := d.leg(i), d.Swap.Terms.Quote
	deposit := &d.Swap.Deposits[i]
	punctual := onTime(d.Swap.Terms.Receipt, *deposit, told)
	if isDust(q, *deposit, l, punctual) {
		deposit.Verdict = swap.VerdictDust
		d.Note = fmt.Sprintf("%s is dust: it is kept apart and touches nothing.", told.Amount)
		d.Entries = append(d.Entries, depositEntry(d.Swap.ID, *deposit))
		return d
	}
	d.Entries = append(d.Entries, depositEntry(d.Swap.ID, *deposit))
	exact := deposit.Amount.Units.Cmp(q.Deposit.Units) == 0
	switch {
	case l.decided || punctual && !exact && len(l.parts) >= swap.MaxOrderDeposits:
		deposit.Verdict = swap.VerdictExtra
		return follow(refund(d, i, MoveNone), f)
	case !punctual:
		return late(d, i, l, f)
	case exact:
		return countAlone(d, i, l)
	}
	parts := slices.Concat(l.parts, []int{i})
	switch deposit.Amount.Units.Cmp(l.missing) {
	case 0:
		return count(d, parts, swap.VerdictToppedUp)
	case 1:
		return refuse(d, parts, swap.VerdictOver)
	}
	d.Note = fmt.Sprintf("%s of %s is confirmed, a part of the amount.", told.Amount, short(told.TxID))
	return follow(d, f)
}

// late refunds a deposit that came too late. It decides the swap only where nothing
// that came in time is there or on its way.
func late(d Decision, i int, l leg, f swap.Fact) Decision {
	deposit := &d.Swap.Deposits[i]
	deposit.Verdict = swap.VerdictLate
	if len(l.parts) > 0 || d.awaited(l, d.now(f)) {
		return follow(refund(d, i, MoveNone), f)
	}
	deposit.Main, d.Swap.Reason = true, ReasonLate
	return refund(d, i, MoveRefund)
}

// countAlone counts a deposit of the whole amount; parts beside it are extra.
func countAlone(d Decision, i int, l leg) Decision {
	if d = count(d, []int{i}, swap.VerdictCounted); d.Outcome != Applied {
		return d
	}
	note := d.Note
	for _, part := range l.parts {
		d.Swap.Deposits[part].Verdict = swap.VerdictExtra
		if d = refund(d, part, d.Move); d.Outcome != Applied {
			return d
		}
		note += " " + d.Note
	}
	d.Note = note
	return d
}

// count exchanges the amount, which the deposits add up to, at the locked price and
// orders the payout.
func count(d Decision, parts []int, verdict swap.Verdict) Decision {
	q := d.Swap.Terms.Quote
	entry, err := exchangeEntry(d.Swap, 0)
	if err != nil {
		return parked("the quote's amounts overflow: %v", err)
	}
	for _, i := range parts {
		d.Swap.Deposits[i].Verdict, d.Swap.Deposits[i].Main = verdict, true
	}
	d.Entries = append(d.Entries, entry)
	d.Move = MoveCount
	d.Note = fmt.Sprintf("%s counted; %s ordered to the payout address.", q.Deposit, q.Payout)
	if len(parts) > 1 {
		d.Note = fmt.Sprintf("%s counted, in %d deposits; %s ordered to the payout address.", q.Deposit, len(parts), q.Payout)
	}
	return order(d, swap.PurposePayout, parts, q.Payout, d.Swap.Terms.Receipt.PayoutAddress)
}

// refuse sends back, each by itself, deposits that together are not the amount.
func refuse(d Decision, parts []int, verdict swap.Verdict) Decision {
	before := d.Note
	for _, i := range parts {
		d.Swap.Deposits[i].Verdict, d.Swap.Deposits[i].Main = verdict, true
		if d = refund(d, i, MoveRefund); d.Outcome != Applied {
			return d
		}
	}
	d.Swap.Reason = reasons[verdict]
	if len(parts) > 1 {
		d.Note = fmt.Sprintf("%d deposits together are %s of %s: each is refunded to the refund address.",
			len(parts), verdict, d.Swap.Terms.Quote.Deposit)
	}
	if before != "" {
		d.Note = before + " " + d.Note
	}
	return d
}

// refund sends a deposit back, less the fee the quote named as the most.
func refund(d Decision, i int, move Move) Decision {
	deposit := d.Swap.Deposits[i]
	back, err := sub(deposit.Amount, d.Swap.Terms.Quote.RefundFeeMax)
	if err != nil || back.Units.IsZero() {
		return parked("a refund of %s would leave nothing after its fee", deposit.Amount)
	}
	d.Entries = append(d.Entries, refundEntry(d.Swap, deposit, back))
	d.Move = move
	d.Note = fmt.Sprintf("%s is %s: a refund of %s to the refund address is ordered.", deposit.Amount, deposit.Verdict, back)
	return order(d, swap.PurposeRefund, []int{i}, back, d.Swap.Terms.Receipt.RefundAddress)
}

// order adds the payment to the swap and the order to the decision.
func order(d Decision, purpose swap.Purpose, parts []int, amount asset.Amount, destination string) Decision {
	o := swap.Order{ID: swap.PayoutOrderID(d.Swap.ID), SwapID: d.Swap.ID, Purpose: purpose,
		Chain: asset.MustLookup(amount.Asset).Chain, Amount: amount, Destination: destination,
		SignedQuote: d.Swap.Terms.SignedQuote, SignedReceipt: d.Swap.Terms.SignedReceipt}
	for _, i := range parts {
		o.Deposits = append(o.Deposits, swap.OrderDeposit{ID: d.Swap.Deposits[i].ID, Amount: d.Swap.Deposits[i].Amount})
	}
	slices.SortFunc(o.Deposits, func(a, b swap.OrderDeposit) int { return strings.Compare(a.ID, b.ID) })
	if purpose == swap.PurposeRefund {
		o.ID = swap.RefundOrderID(o.Deposits[0].ID)
	}
	d.Swap.Payments = append(d.Swap.Payments, swap.Payment{OrderID: o.ID, Purpose: purpose,
		Deposits: o.DepositIDs(), Amount: amount, Destination: destination, State: swap.PaymentQueued})
	d.Orders = append(d.Orders, o)
	return d
}
