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
	if q.Variable {
		return judgeVariable(d, i, l, punctual, told, f)
	}
	exact := deposit.Amount.Units.Cmp(q.Deposit.Units) == 0
	switch {
	case l.decided || punctual && !exact && len(l.parts) >= swap.MaxOrderDeposits:
		return follow(mismatched(d, []int{i}, swap.VerdictExtra, false, f), f)
	case !punctual:
		return late(d, i, l, f)
	case exact:
		return countAlone(d, i, l, f)
	}
	parts := slices.Concat(l.parts, []int{i})
	switch deposit.Amount.Units.Cmp(l.missing) {
	case 0:
		return count(d, parts, swap.VerdictToppedUp)
	case 1:
		return mismatched(d, parts, swap.VerdictOver, true, f)
	}
	d.Note = fmt.Sprintf("%s of %s is confirmed, a part of the amount.", told.Amount, short(told.TxID))
	return follow(d, f)
}

// late judges a deposit that came too late. It decides the swap only where nothing
// that came in time is there or on its way.
func late(d Decision, i int, l leg, f swap.Fact) Decision {
	if len(l.parts) > 0 || d.awaited(l, d.now(f)) {
		return follow(mismatched(d, []int{i}, swap.VerdictLate, false, f), f)
	}
	return mismatched(d, []int{i}, swap.VerdictLate, true, f)
}

// countAlone counts a deposit of the whole amount; parts beside it are extra.
func countAlone(d Decision, i int, l leg, f swap.Fact) Decision {
	if d = count(d, []int{i}, swap.VerdictCounted); d.Outcome != Applied {
		return d
	}
	for _, part := range l.parts {
		if d = mismatched(d, []int{part}, swap.VerdictExtra, false, f); d.Outcome != Applied {
			return d
		}
	}
	return d
}

// count exchanges the amount, which the deposits add up to, at the locked price and
// orders the payout.
func count(d Decision, parts []int, verdict swap.Verdict) Decision {
	q := d.Swap.Terms.Quote
	entry, err := exchangeEntry(d.Swap, quoted(q), 0)
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
	return d.order(parts, swap.Order{ID: swap.PayoutOrderID(d.Swap.ID), Purpose: swap.PurposePayout, Amount: q.Payout,
		Destination: d.Swap.Terms.Receipt.PayoutAddress})
}

// order completes an order that uses up the deposits, and adds it to the decision
// and its payment to the swap. A refund's id follows from its deposit.
func (d Decision) order(parts []int, o swap.Order) Decision {
	o = d.complete(parts, o)
	d.Swap.Payments = append(d.Swap.Payments, swap.Payment{OrderID: o.ID, Purpose: o.Purpose,
		Deposits: o.DepositIDs(), Amount: o.Amount, Destination: o.Destination, State: swap.PaymentQueued})
	d.Orders = append(d.Orders, o)
	return d
}

// complete fills in what follows from the swap and from the deposits that are used up.
func (d Decision) complete(parts []int, o swap.Order) swap.Order {
	o.SwapID, o.Chain = d.Swap.ID, asset.MustLookup(o.Amount.Asset).Chain
	o.SignedQuote, o.SignedReceipt = d.Swap.Terms.SignedQuote, d.Swap.Terms.SignedReceipt
	o.Deposits = d.orderDeposits(parts)
	if o.Purpose == swap.PurposeRefund {
		o.ID = swap.RefundOrderID(o.Deposits[0].ID)
	}
	return o
}

// orderDeposits are deposits as an order lists them: sorted by id.
func (d Decision) orderDeposits(parts []int) []swap.OrderDeposit {
	used := make([]swap.OrderDeposit, 0, len(parts))
	for _, i := range parts {
		used = append(used, swap.OrderDeposit{ID: d.Swap.Deposits[i].ID, Amount: d.Swap.Deposits[i].Amount})
	}
	slices.SortFunc(used, func(a, b swap.OrderDeposit) int { return strings.Compare(a.ID, b.ID) })
	return used
}
