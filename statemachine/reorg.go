package statemachine

import (
	"fmt"
	"slices"
	"time"

	"ferry/swap"
)

// What a reorganisation does to a swap. A verdict, once given, stays: it was given
// on what the chain showed in time. What changes is whether it can be acted on.
//
//   - There was no verdict yet: the deposit is no part any more, and what is missing
//     rises, until it is confirmed again.
//   - The payment was not planned: the count is taken back, in the books too, and the
//     hot wallet pays nothing until the deposit is confirmed again; then the same
//     order goes on. If that is not in time by the terms, the swap is held. Of several
//     deposits that are paid out together the others stay booked, and all must be there.
//   - It was, or may have been, signed: the deposit is a loss as long as no block has
//     it, and the swap is held for support; the chain is halted by the hot wallet.
//   - The deposit is confirmed again: the swap is where its payment stands.

// takeBack undoes what a confirmed deposit had brought about.
func takeBack(d Decision, i int, told swap.DepositFact, f swap.Fact) Decision {
	deposit := &d.Swap.Deposits[i]
	before := *deposit
	p := d.paymentFor(before.ID)
	rested := p != nil && d.rests(*p)
	lost := p != nil && (told.Used || rank[p.State] > rank[swap.PaymentQueued])
	deposit.State, deposit.Lost, deposit.TakenBack = swap.DepositReorgedTo, lost, before.TakenBack+1
	deposit.Confirmations, deposit.Height, deposit.BlockTime = told.Confirmations, told.Height, told.BlockTime
	if lost {
		d.Entries = append(d.Entries, lossEntry(d.Swap.ID, before))
		d.Note = fmt.Sprintf("The chain took %s of %s back after its %s was or may have been signed.", told.Amount, short(told.TxID), p.Purpose)
		if before.Main && Allowed(d.From, MoveHold) {
			d.Move, d.Swap.Reason = MoveHold, ReasonReorged
		}
		return d
	}
	if rested {
		entry, err := paymentEntry(d.Swap, before, *p)
		if err != nil {
			return parked("the quote's amounts overflow: %v", err)
		}
		// Before the deposit's: no account of a swap goes below zero on the way.
		d.Entries = append(d.Entries, reversed(entry))
		if p.Purpose == swap.PurposePayout {
			p.Undone++
		}
	}
	if before.WrittenOff {
		d.Entries = append(d.Entries, reversed(writeOffEntry(d.Swap.ID, before)))
	}
	d.Entries = append(d.Entries, reversed(depositEntry(d.Swap.ID, before)))
	d.Note = fmt.Sprintf("The chain took %s of %s back. Please don't send another; it is counted again when it is confirmed again.", told.Amount, short(told.TxID))
	if isWrong(d.Swap.Terms.Quote, before.Amount) {
		d.Note = fmt.Sprintf("The chain took %s of %s back.", told.Amount, short(told.TxID))
		return d
	}
	if before.Verdict == swap.VerdictNone {
		return follow(d, f)
	}
	if _, waits := mainMismatch(d.Swap); before.Main && waits && d.From == swap.Held {
		d.Swap.Reason = ReasonReorged
	}
	if !before.Main || !Allowed(d.From, MoveUncount) {
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
func giveBack(d Decision, i int, told swap.DepositFact, f swap.Fact) Decision {
	deposit := &d.Swap.Deposits[i]
	p := d.paymentFor(deposit.ID)
	d.Note = fmt.Sprintf("%s of %s is confirmed again.", told.Amount, short(told.TxID))
	if deposit.Lost {
		deposit.Lost = false
		d.Entries = append(d.Entries, recoveryEntry(d.Swap.ID, *deposit))
	} else {
		d.Entries = append(d.Entries, depositEntry(d.Swap.ID, *deposit))
		if deposit.WrittenOff {
			d.Entries = append(d.Entries, writeOffEntry(d.Swap.ID, *deposit))
		}
		if p != nil && d.rests(*p) {
			entry, err := paymentEntry(d.Swap, *deposit, *p)
			if err != nil {
				return parked("the quote's amounts overflow: %v", err)
			}
			d.Entries = append(d.Entries, entry)
		}
	}
	d = d.waitAgain(deposit.ID, f)
	if !deposit.Main || d.waitsForReturn() || d.Outcome != Applied || d.Move != MoveNone {
		return d
	}
	if d.From == swap.DepositDetected || d.From == swap.Held && d.Swap.Reason == ReasonReorged {
		return resume(d)
	}
	return d
}

// waitAgain goes on with the mismatch of a deposit that is confirmed again, once all of
// them are: with the refund, if somebody has said meanwhile where to; else it waits, and
// a wait that has run out begins again.
func (d Decision) waitAgain(depositID string, f swap.Fact) Decision {
	for _, m := range d.Swap.Amended.Mismatches {
		switch {
		case !slices.Contains(m.Deposits, depositID) || !d.isHere(m):
		case m.Wait == swap.WaitAddress && d.Swap.RefundsTo() != "":
			return refundAll(d, m, f)
		case !d.now(f).Before(m.By):
			m.By = d.now(f).Add(map[swap.Wait]time.Duration{swap.WaitPrice: d.waits.Price, swap.WaitAnswer: d.waits.Answer,
				swap.WaitAddress: d.waits.Reminder, swap.WaitOwner: d.waits.Reminder}[m.Wait])
			return d.keep(m)
		}
	}
	return d
}

// resume takes a swap to where its payments stand; one that failed keeps it held.
func resume(d Decision) Decision {
	if m, ok := mainMismatch(d.Swap); ok {
		return resumeWait(d, m)
	}
	to, purpose := d.standing(), d.mainPurpose()
	if to == swap.Held {
		d.Swap.Reason = failures[purpose]
		return d
	}
	d.Move, d.Swap.Reason = moveResume(to), ""
	if purpose == swap.PurposeRefund {
		d.Swap.Reason = reasons[d.mainVerdict()]
	}
	switch {
	case d.From == swap.DepositDetected && to == swap.DepositConfirmed:
		d.Move = MoveCount
	case d.From == swap.DepositDetected && to == swap.RefundQueued:
		d.Move = MoveRefund
	}
	return d
}

// resumeWait takes a swap to where its main leg waits for a price or a person.
func resumeWait(d Decision, m swap.Mismatch) Decision {
	d.Swap.Reason = reasons[m.Verdict]
	switch m.Wait {
	case swap.WaitPrice:
		d.Move = MoveReprice
	case swap.WaitAddress:
		return d.hold(m, ReasonNoAddress)
	default:
		return d.hold(m, d.Swap.Reason)
	}
	return d
}

// reasons are those of the verdicts that do not match the terms, and of what a variable
// swap counted and has no rate for.
var reasons = map[swap.Verdict]string{swap.VerdictLate: ReasonLate, swap.VerdictShort: ReasonShort, swap.VerdictOver: ReasonOver,
	swap.VerdictCounted: ReasonRateNotSet}

// mainPurpose is that of the main leg's payments: they all have the same.
func (d Decision) mainPurpose() swap.Purpose {
	for _, p := range d.Swap.Payments {
		if d.pays(p) {
			return p.Purpose
		}
	}
	return swap.PurposePayout
}

// mainVerdict is that of the main leg: all its deposits have the same.
func (d Decision) mainVerdict() swap.Verdict {
	for _, deposit := range d.Swap.Deposits {
		if deposit.Main {
			return deposit.Verdict
		}
	}
	return swap.VerdictNone
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
	if !d.pays(*p) {
		return d
	}
	switch {
	case Allowed(d.From, MovePaymentReorged):
		d.Move = MovePaymentReorged
	case before == swap.PaymentFailed && d.From == swap.Held && d.waitsForReturn():
		d.Swap.Reason = ReasonReorged
	case before == swap.PaymentFailed && d.From == swap.Held:
		return resume(d)
	}
	return d
}

// waitsForReturn reports that a deposit which decided the main leg is taken back.
func (d Decision) waitsForReturn() bool {
	return slices.ContainsFunc(d.Swap.Deposits, func(deposit swap.Deposit) bool {
		return deposit.Main && deposit.State != swap.DepositFinal
	})
}

// paymentFor is the payment that uses a deposit up, nil if there is none.
func (d Decision) paymentFor(depositID string) *swap.Payment {
	for i := range d.Swap.Payments {
		if slices.Contains(d.Swap.Payments[i].Deposits, depositID) {
			return &d.Swap.Payments[i]
		}
	}
	return nil
}
