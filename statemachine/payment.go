package statemachine

import (
	"fmt"

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
	reached := paymentStates[f.Kind]
	if n := d.depositIndex(payment.DepositID); n >= 0 && rank[reached] > rank[swap.PaymentQueued] &&
		d.Swap.Deposits[n].State != swap.DepositFinal && !d.Swap.Deposits[n].Lost {
		// The hot wallet pays for confirmed deposits only, so it tells that first.
		return parked("the deposit that payment %s uses up is taken back", told.OrderID)
	}
	if rank[payment.State] == rank[swap.PaymentFinal] {
		d.Note = fmt.Sprintf("The %s is %s already.", payment.Purpose, payment.State)
		return d
	}
	if rank[reached] < rank[payment.State] {
		d.Note = fmt.Sprintf("The %s is %s already.", payment.Purpose, payment.State)
		return d
	}
	payment.State, payment.Fee = reached, told.Fee
	if told.TxID != "" {
		payment.TxID = told.TxID
	}
	d.Note = describePayment(*payment, told)
	if reached == swap.PaymentFinal {
		d.Entries = append(d.Entries, paidEntry(d.Swap.ID, *payment))
	}
	return followPayment(d, *payment)
}

// followPayment moves the swap if the payment is of its main leg.
func followPayment(d Decision, p swap.Payment) Decision {
	moves := map[swap.PaymentState]Move{
		swap.PaymentQueued: MovePayoutQueued, swap.PaymentBroadcast: MovePayoutBroadcast,
		swap.PaymentConfirmed: MovePayoutBroadcast, swap.PaymentFinal: MovePayoutFinal, swap.PaymentFailed: MovePayoutFailed}
	failed := ReasonPayoutFailed
	if p.Purpose == swap.PurposeRefund {
		if d.verdictOf(p.DepositID) == swap.VerdictExtra {
			return d
		}
		failed = ReasonRefundFailed
		moves = map[swap.PaymentState]Move{
			swap.PaymentBroadcast: MoveRefundBroadcast, swap.PaymentConfirmed: MoveRefundBroadcast,
			swap.PaymentFinal: MoveRefundFinal, swap.PaymentFailed: MoveRefundFailed}
	}
	if move := moves[p.State]; move != MoveNone && Allowed(d.From, move) {
		d.Move = move
	}
	if p.State == swap.PaymentFailed {
		d.Swap.Reason = failed
	}
	return d
}

func (d Decision) verdictOf(depositID string) swap.Verdict {
	if i := d.depositIndex(depositID); i >= 0 {
		return d.Swap.Deposits[i].Verdict
	}
	return swap.VerdictNone
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
