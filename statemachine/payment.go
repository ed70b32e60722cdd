package statemachine

import (
	"fmt"
	"slices"

	"ferry/swap"
)

// rank orders the states of a payment, so that a fact that was overtaken by a
// later one is noted and changes nothing.
var rank = map[swap.PaymentState]int{
	swap.PaymentQueued: 1, swap.PaymentSigned: 2, swap.PaymentBroadcast: 3,
	swap.PaymentConfirmed: 4, swap.PaymentFinal: 5, swap.PaymentFailed: 5,
}

var paymentStates = map[swap.FactKind]swap.PaymentState{
	swap.FactPaymentQueued: swap.PaymentQueued, swap.FactPaymentBroadcast: swap.PaymentBroadcast,
	swap.FactPaymentConfirmed: swap.PaymentConfirmed, swap.FactPaymentFinal: swap.PaymentFinal,
	swap.FactPaymentFailed: swap.PaymentFailed,
}

// decidePayment follows a payment that was ordered. One that was not is parked:
// either the order is still being written, or somebody pays on their own account.
func decidePayment(d Decision, f swap.Fact) Decision {
	told := *f.Payment
	i := -1
	for n, p := range d.Swap.Payments {
		if p.OrderID == told.OrderID {
			i = n
		}
	}
	if i < 0 {
		return parked("no payment %s was ordered", told.OrderID)
	}
	payment := &d.Swap.Payments[i]
	if told.Amount != payment.Amount || told.Destination != payment.Destination {
		return parked("payment %s was ordered with another amount or destination", told.OrderID)
	}
	if f.Kind == swap.FactPaymentReorged {
		return paymentReorged(d, payment)
	}
	reached, again := paymentStates[f.Kind], triedAgain(&d, payment, told)
	if rank[reached] > rank[swap.PaymentQueued] && !d.rests(*payment) {
		// The hot wallet pays for confirmed deposits only, so it tells that first.
		return parked("a deposit that payment %s uses up is taken back", told.OrderID)
	}
	if rank[payment.State] == rank[swap.PaymentFinal] {
		d.Note = fmt.Sprintf("The %s is %s already.", payment.Purpose, payment.State)
		return d
	}
	if rank[reached] < rank[payment.State] && !again {
		d.Note = fmt.Sprintf("The %s is %s already.", payment.Purpose, payment.State)
		return d
	}
	payment.State, payment.Fee = reached, told.Fee
	if told.TxID != "" {
		payment.TxID = told.TxID
	}
	if reached == swap.PaymentFailed {
		payment.Failed = told.Retry
	}
	d.Note = describePayment(*payment, told)
	if reached == swap.PaymentFinal {
		d.Entries = append(d.Entries, paidEntry(d.Swap.ID, *payment))
	}
	return followPayment(d, *payment)
}

// followPayment moves the swap if the payment is of its main leg.
func followPayment(d Decision, p swap.Payment) Decision {
	if !d.pays(p) {
		return d
	}
	move := map[swap.PaymentState]Move{
		swap.PaymentQueued: MovePayoutQueued, swap.PaymentBroadcast: MovePayoutBroadcast,
		swap.PaymentConfirmed: MovePayoutBroadcast, swap.PaymentFinal: MovePayoutFinal, swap.PaymentFailed: MovePayoutFailed}[p.State]
	if p.Purpose == swap.PurposeRefund {
		move = map[swap.State]Move{swap.Held: MoveRefundFailed, swap.Refunded: MoveRefundFinal,
			swap.RefundBroadcast: MoveRefundBroadcast}[d.standing()]
	}
	switch {
	case move != MoveNone && Allowed(d.From, move):
		d.Move = move
	case d.From == swap.Held && failedHold(d.Swap.Reason) && d.standing() != swap.Held && !d.waitsForReturn():
		note := d.Note
		d = resume(d)
		d.Note = note
	}
	if p.State == swap.PaymentFailed {
		d.Swap.Reason = failures[p.Purpose]
	}
	return d
}

// failures are the reasons for which a failed payment holds its swap.
var failures = map[swap.Purpose]string{swap.PurposePayout: ReasonPayoutFailed, swap.PurposeRefund: ReasonRefundFailed}

// standing is the state that the payments of the main leg amount to, with nothing
// else in the way: Held if one failed. Several refunds are queued until the first
// is sent, and refunded once the last is final.
func (d Decision) standing() swap.State {
	all, sent, final := 0, 0, 0
	states := [3]swap.State{swap.DepositConfirmed, swap.PayoutBroadcast, swap.Settled}
	for _, p := range d.Swap.Payments {
		if !d.pays(p) {
			continue
		}
		if p.Purpose == swap.PurposeRefund {
			states = [3]swap.State{swap.RefundQueued, swap.RefundBroadcast, swap.Refunded}
		}
		all++
		if p.State == swap.PaymentFailed {
			return swap.Held
		}
		if rank[p.State] >= rank[swap.PaymentBroadcast] {
			sent++
		}
		if p.State == swap.PaymentFinal {
			final++
		}
	}
	switch {
	case final == all:
		return states[2]
	case sent > 0:
		return states[1]
	}
	return states[0]
}

// pays reports a payment of the main leg.
func (d Decision) pays(p swap.Payment) bool {
	return slices.ContainsFunc(p.Deposits, func(id string) bool {
		i := d.depositIndex(id)
		return i >= 0 && d.Swap.Deposits[i].Main
	})
}

// rests reports that every deposit a payment uses up is there, or is lost and borne
// by us: what it pays is owed.
func (d Decision) rests(p swap.Payment) bool {
	return !slices.ContainsFunc(p.Deposits, func(id string) bool {
		i := d.depositIndex(id)
		return i >= 0 && d.Swap.Deposits[i].State != swap.DepositFinal && !d.Swap.Deposits[i].Lost
	})
}

func describePayment(p swap.Payment, told swap.PaymentFact) string {
	switch p.State {
	case swap.PaymentQueued:
		return fmt.Sprintf("The %s of %s is in the hot wallet's queue.", p.Purpose, p.Amount)
	case swap.PaymentBroadcast:
		return fmt.Sprintf("The %s of %s was sent in %s.", p.Purpose, p.Amount, short(p.TxID))
	case swap.PaymentConfirmed:
		return fmt.Sprintf("The %s of %s is in block %d.", p.Purpose, p.Amount, told.Height)
	case swap.PaymentFinal:
		return fmt.Sprintf("The %s of %s in %s is final.", p.Purpose, p.Amount, short(p.TxID))
	default:
		return fmt.Sprintf("The %s of %s failed: %s.", p.Purpose, p.Amount, told.Reason)
	}
}
