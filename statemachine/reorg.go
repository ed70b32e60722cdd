package statemachine

import (
	"fmt"

	"ferry/swap"
	"ferry/swap/ledger"
)

// What a reorganisation does to a swap. A verdict, once given, stays: it was given
// on what the chain showed in time. What changes is whether it can be acted on.
//
//   - The payment was not planned: the count is taken back, in the books too, and the
//     hot wallet pays nothing until the deposit is confirmed again; then the same
//     order goes on. If that is not in time by the terms, the swap is held.
//   - It was, or may have been, signed: the deposit is a loss as long as no block has
//     it, and the swap is held for support; the chain is halted by the hot wallet.
//   - The deposit is confirmed again: the swap is where its payment stands.

// takeBack undoes what a judged deposit had brought about.
func takeBack(d Decision, i int, told swap.DepositFact, f swap.Fact) Decision {
	deposit := &d.Swap.Deposits[i]
	judged := *deposit
	p := d.paymentFor(judged.ID)
	lost := p != nil && (told.Used || rank[p.State] > rank[swap.PaymentQueued])
	deposit.State, deposit.Lost, deposit.TakenBack = swap.DepositReorgedTo, lost, judged.TakenBack+1
	deposit.Confirmations, deposit.Height, deposit.BlockTime = told.Confirmations, told.Height, told.BlockTime
	main := isMain(judged.Verdict)
	if lost {
		d.Entries = append(d.Entries, lossEntry(d.Swap.ID, judged))
		d.Note = fmt.Sprintf("The chain took %s of %s back after its %s was or may have been signed.", told.Amount, short(told.TxID), p.Purpose)
		if main && Allowed(d.From, MoveHold) {
			d.Move, d.Swap.Reason = MoveHold, ReasonReorged
		}
		return d
	}
	entries, err := bookings(d.Swap, judged, p)
	if err != nil {
		return parked("the quote's amounts overflow: %v", err)
	}
	// The last first: no account of a swap goes below zero on the way.
	for n := len(entries) - 1; n >= 0; n-- {
		d.Entries = append(d.Entries, reversed(entries[n]))
	}
	d.Note = fmt.Sprintf("The chain took %s of %s back. Please don't send another; it is counted again when it is confirmed again.", told.Amount, short(told.TxID))
	if !main || !Allowed(d.From, MoveUncount) {
		return d
	}
	d.Move = MoveUncount
	if !d.now(f).Before(d.Swap.Terms.Receipt.ConfirmBy) {
		// No deadline comes any more that would end the wait.
		d.Move, d.Swap.Reason = MoveHold, ReasonReorged
	}
	return d
}

// giveBack acts on a verdict again whose deposit had been taken back. Nothing is
// ordered: the order stands.
func giveBack(d Decision, i int, told swap.DepositFact) Decision {
	deposit := &d.Swap.Deposits[i]
	p := d.paymentFor(deposit.ID)
	d.Note = fmt.Sprintf("%s of %s is confirmed again.", told.Amount, short(told.TxID))
	if deposit.Lost {
		deposit.Lost = false
		d.Entries = append(d.Entries, recoveryEntry(d.Swap.ID, *deposit))
	} else {
		entries, err := bookings(d.Swap, *deposit, p)
		if err != nil {
			return parked("the quote's amounts overflow: %v", err)
		}
		d.Entries = append(d.Entries, entries...)
	}
	if !isMain(deposit.Verdict) || p == nil {
		return d
	}
	switch {
	case d.From == swap.Held && d.Swap.Reason == ReasonReorged:
		return resume(d, *p)
	case d.From == swap.DepositDetected && deposit.Verdict == swap.VerdictCounted:
		d.Move = MoveCount
	case d.From == swap.DepositDetected:
		d.Move = MoveRefund
	}
	return d
}

// resume takes a held swap to where its payment stands; one that failed keeps it held.
func resume(d Decision, p swap.Payment) Decision {
	states := map[swap.PaymentState]swap.State{
		swap.PaymentQueued: swap.DepositConfirmed, swap.PaymentBroadcast: swap.PayoutBroadcast,
		swap.PaymentConfirmed: swap.PayoutBroadcast, swap.PaymentFinal: swap.Settled}
	failed := ReasonPayoutFailed
	if p.Purpose == swap.PurposeRefund {
		states = map[swap.PaymentState]swap.State{
			swap.PaymentQueued: swap.RefundQueued, swap.PaymentBroadcast: swap.RefundBroadcast,
			swap.PaymentConfirmed: swap.RefundBroadcast, swap.PaymentFinal: swap.Refunded}
		failed = ReasonRefundFailed
	}
	to, ok := states[p.State]
	if !ok {
		d.Swap.Reason = failed
		return d
	}
	d.Move, d.Swap.Reason = moveResume(to), reasons[d.verdictOf(p.DepositID)]
	return d
}

// reasons are those of the verdicts that refund the main deposit.
var reasons = map[swap.Verdict]string{swap.VerdictLate: ReasonLate, swap.VerdictShort: ReasonShort, swap.VerdictOver: ReasonOver}

// bookings are the entries of a deposit's verdict, in their order.
func bookings(s swap.Swap, deposit swap.Deposit, p *swap.Payment) ([]ledger.Entry, error) {
	entries := []ledger.Entry{depositEntry(s.ID, deposit)}
	switch {
	case p == nil: // dust
		return entries, nil
	case p.Purpose == swap.PurposeRefund:
		return append(entries, refundEntry(s, deposit, p.Amount)), nil
	}
	exchange, err := exchangeEntry(s, deposit)
	return append(entries, exchange), err
}

// paymentReorged follows a payment whose block is gone: its bytes are sent again.
func paymentReorged(d Decision, p *swap.Payment) Decision {
	before := p.State
	if rank[before] < rank[swap.PaymentConfirmed] {
		d.Note = fmt.Sprintf("The %s is %s already.", p.Purpose, before)
		return d
	}
	if before == swap.PaymentFinal {
		d.Entries = append(d.Entries, reversed(paidEntry(d.Swap.ID, *p)))
		p.TakenBack++
	}
	p.State = swap.PaymentBroadcast
	d.Note = fmt.Sprintf("The chain took the %s of %s back; it is sent again.", p.Purpose, p.Amount)
	if !isMain(d.verdictOf(p.DepositID)) {
		return d
	}
	switch {
	case Allowed(d.From, MovePaymentReorged):
		d.Move = MovePaymentReorged
	case before == swap.PaymentFailed && d.From == swap.Held:
		if d.isLost(p.DepositID) {
			d.Swap.Reason = ReasonReorged
			return d
		}
		return resume(d, *p)
	}
	return d
}

// isMain reports a verdict that decided the swap's main leg.
func isMain(v swap.Verdict) bool {
	return v != swap.VerdictNone && v != swap.VerdictDust && v != swap.VerdictExtra
}

// waitsForReturn reports that the deposit which decided the main leg is taken back.
func (d Decision) waitsForReturn() bool {
	for _, deposit := range d.Swap.Deposits {
		if isMain(deposit.Verdict) && deposit.State != swap.DepositFinal {
			return true
		}
	}
	return false
}

func (d Decision) isLost(depositID string) bool {
	i := d.depositIndex(depositID)
	return i >= 0 && d.Swap.Deposits[i].Lost
}

// paymentFor is the payment that uses a deposit up, nil if there is none.
func (d Decision) paymentFor(depositID string) *swap.Payment {
	for i := range d.Swap.Payments {
		if d.Swap.Payments[i].DepositID == depositID {
			return &d.Swap.Payments[i]
		}
	}
	return nil
}
