package statemachine

import (
	"fmt"
	"slices"

	"ferry/swap"
)

// retryFailed orders the failed payments of a deposit again, or of all deposits: the same
// payments under the same ids, with Retry one higher. Nothing is booked, because what was
// owed is owed still. That no earlier transaction can pay any more is proved before the
// hot wallet plans another: from here it is the same payment, and not a second one.
func (d Decision) retryFailed(depositID string) (after Decision, done bool) {
	for i := range d.Swap.Payments {
		p := &d.Swap.Payments[i]
		if p.State != swap.PaymentFailed || depositID != "" && !slices.Contains(p.Deposits, depositID) {
			continue
		}
		switch {
		case !d.isHere(swap.Mismatch{Deposits: p.Deposits}):
			// Also of one that is a loss: nothing is signed that no attestation is there for.
			d.Note = d.say("Refused: a deposit that the %s of %s uses up is taken back.", p.Purpose, p.Amount)
			done = true
			continue
		case p.Retry >= swap.MaxRetries:
			d.Note = d.say("Refused: the %s of %s was ordered again %d times.", p.Purpose, p.Amount, p.Retry)
			done = true
			continue
		}
		p.State, p.TxID, p.Retry = swap.PaymentQueued, "", p.Retry+1
		d.Orders = append(d.Orders, d.orderOf(*p))
		d.Note = d.say("The %s of %s is ordered again.", p.Purpose, p.Amount)
		done = true
	}
	if done && d.From == swap.Held && failedHold(d.Swap.Reason) && d.standing() != swap.Held && !d.waitsForReturn() {
		note := d.Note
		d = resume(d)
		d.Note = note
	}
	return d, done
}

// failedHold reports the reasons for which a failed payment holds a swap.
func failedHold(reason string) bool {
	return reason == ReasonPayoutFailed || reason == ReasonRefundFailed
}

// orderOf is the order of a payment that was ordered before, with the documents that it
// rested on then.
func (d Decision) orderOf(p swap.Payment) swap.Order {
	var parts []int
	for _, id := range p.Deposits {
		if i := d.depositIndex(id); i >= 0 {
			parts = append(parts, i)
		}
	}
	o := d.complete(parts, swap.Order{ID: p.OrderID, Purpose: p.Purpose, Amount: p.Amount, Destination: p.Destination, Retry: p.Retry})
	for _, repriced := range d.Swap.Amended.Requotes {
		if repriced.OrderID == p.OrderID {
			o.SignedRequote, o.SignedConsent = repriced.SignedRequote, repriced.SignedConsent
		}
	}
	if p.Purpose != swap.PurposeRefund {
		return o
	}
	for _, owned := range d.Swap.Amended.Owned {
		if owned.OrderID == p.OrderID {
			o.SignedWrongAssetRefund = owned.SignedWrongAssetRefund
			return o
		}
	}
	if d.Swap.Terms.Receipt.RefundAddress == "" {
		o.SignedRefundAddress = d.Swap.Amended.SignedRefundAddress
	}
	deposit := d.Swap.Deposits[parts[0]]
	o.Deferrable = !deposit.Main && !isWrong(d.Swap.Terms.Quote, deposit.Amount)
	return o
}

// triedAgain: the hot wallet tells of a payment under a newer order than the one that
// failed, so that it is on its way again. That happens where it failed once more before
// it had read the newer order.
func triedAgain(d *Decision, p *swap.Payment, told swap.PaymentFact) bool {
	if p.State != swap.PaymentFailed || told.Retry <= p.Failed || told.Retry > p.Retry {
		return false
	}
	p.State, p.TxID = swap.PaymentQueued, ""
	d.Note = fmt.Sprintf("The %s of %s is made again.", p.Purpose, p.Amount)
	return true
}
