package statemachine

import (
	"strings"

	"ferry/swap"
)

// decideRequoted acts on a price, or on its refusal.
func (r Rules) decideRequoted(d Decision, f swap.Fact) Decision {
	told := *f.Requoted
	var m swap.Mismatch
	for _, candidate := range d.Swap.Amended.Mismatches {
		if candidate.Wait == swap.WaitPrice && swap.RequestID(candidate.ID, candidate.Asked) == told.RequestID {
			m = candidate
		}
	}
	switch {
	case m.ID == "":
		if rated, answered := r.decideRate(d, told); answered {
			return rated
		}
		d.Note = "A price came that nothing waits for any more."
		return d
	case !d.isHere(m):
		return parked("a deposit that the price is for is taken back")
	case told.Refused != "":
		return refused(d, m, told, f)
	}
	requote, err := swap.VerifyRequote(told.SignedRequote, r.QuoteKeys)
	if err != nil {
		return parked("the requote does not verify: %v", err)
	}
	if requote.ID != told.RequestID || requote.Main != m.Main {
		return parked("the requote is not the answer to request %s", told.RequestID)
	}
	var consent *swap.Consent
	hash := ""
	if m.SignedConsent != "" {
		c, err := swap.VerifyConsent(m.SignedConsent, r.AttestKeys)
		if err != nil {
			return parked("the consent does not verify: %v", err)
		}
		consent, hash = &c, swap.HashDocument(m.SignedConsent)
	}
	if err := d.Swap.Terms.Permits(requote, d.orderDeposits(d.partsOf(m)), consent, hash); err != nil {
		return parked("the requote is not permitted: %v", err)
	}
	return pay(d, m, requote, told.SignedRequote)
}

// refused asks the user where the price is the obstacle, and refunds where there is
// none; who said yes before is asked again rather than refunded.
func refused(d Decision, m swap.Mismatch, told swap.RequotedFact, f swap.Fact) Decision {
	m.Offer = told.Offer
	switch {
	case m.Reason == ReasonSmallExcess && told.Refused == swap.RefusedBeyond && d.Swap.Terms.Receipt.Policy.OnOver == swap.AnswerRefund:
		// The policy is to refund.
		d.Note = "The locked rate can't be had for it."
		return refundAll(d, m, f)
	case told.Refused == swap.RefusedBeyond || told.Refused == swap.RefusedBelow:
		return askUser(d, m, told.Refused, f)
	case m.SignedConsent != "":
		return askUser(d, m, swap.RefusedUnavailable, f)
	}
	d.Note = "There is no price for it now."
	return refundAll(d, m, f)
}

// decideAnswered acts on the user's answer.
func (r Rules) decideAnswered(d Decision, f swap.Fact) Decision {
	if signed := f.Answered.SignedWrongAssetRefund; signed != "" {
		return r.owned(d, signed)
	}
	consent, err := swap.VerifyConsent(f.Answered.SignedConsent, r.AttestKeys)
	if err != nil {
		return parked("the answer does not verify: %v", err)
	}
	if consent.SwapID != d.Swap.ID || consent.ReceiptHash != swap.HashDocument(d.Swap.Terms.SignedReceipt) {
		return parked("the answer is for swap %s, or for another receipt of it", consent.SwapID)
	}
	m, ok := d.mismatch(consent.DepositID)
	switch {
	case !ok || m.Wait != swap.WaitAnswer:
		d.Note = "The user answered, and no question was open."
		return d
	case !d.isHere(m):
		return parked("a deposit that the answer is about is taken back")
	case consent.Answer == swap.AnswerRefund:
		d.Note = "The user wants it back."
		return refundAll(d, m, f)
	case consent.AtLeast.Asset != d.Swap.Terms.Quote.Pair.To:
		return parked("the answer's least payout is in %s", consent.AtLeast.Asset)
	}
	m.SignedConsent = f.Answered.SignedConsent
	d.Note = "The user takes at least " + consent.AtLeast.String() + "."
	return askPrice(d, m, swap.BasisMarket, f)
}

// decideRefundAddress stores where refunds go and orders those that waited for it.
func (r Rules) decideRefundAddress(d Decision, f swap.Fact) Decision {
	a, err := swap.VerifyRefundAddress(f.Refund.SignedRefundAddress, r.AttestKeys)
	switch {
	case err != nil:
		return parked("the refund address does not verify: %v", err)
	case a.SwapID != d.Swap.ID || a.ReceiptHash != swap.HashDocument(d.Swap.Terms.SignedReceipt):
		return parked("the refund address is for swap %s, or for another receipt of it", a.SwapID)
	case d.Swap.RefundsTo() != "":
		d.Note = "The refund address was set before and stays."
		return d
	}
	d.Swap.Amended.SignedRefundAddress, d.Swap.Amended.RefundAddress = f.Refund.SignedRefundAddress, a.RefundAddress
	d.Note = "Refunds go to " + a.RefundAddress + "."
	for _, m := range d.Swap.Amended.Mismatches {
		if m.Wait == swap.WaitAddress && d.isHere(m) && d.Outcome == Applied {
			d = refundAll(d, m, f)
		}
	}
	return d
}

// decideWait ends what a mismatch waits for, or a staff request.
func decideWait(d Decision, f swap.Fact) Decision {
	if id, ok := strings.CutPrefix(string(f.Deadline.Name), string(swap.DeadlineApproval(""))); ok {
		return lapse(d, id)
	}
	id, ok := strings.CutPrefix(string(f.Deadline.Name), string(swap.DeadlineMismatch("")))
	if !ok {
		return parked("deadline %.40q is not known", f.Deadline.Name)
	}
	m, ok := d.mismatch(id)
	if !ok || f.Deadline.Due.Before(m.By) {
		return d // with the note that it no longer matters
	}
	if !d.isHere(m) {
		// No other deadline is set: see waitAgain.
		d.Note = "It is waited longer: the chain has taken the deposit back."
		return d
	}
	switch m.Wait {
	case swap.WaitPrice:
		d.Note = "No price came in time."
	case swap.WaitAnswer:
		d.Note = "No answer came in time."
	case swap.WaitOwner:
		return d.remindOwner(m, f)
	case swap.WaitAddress:
		if d.Swap.RefundsTo() == "" {
			m.Reminded++
			m.By = d.now(f).Add(d.waits.Reminder << min(m.Reminded, 5))
			d.Note = "Reminder: a refund waits for a refund address."
			return d.keep(m)
		}
		d.Note = ""
	}
	return refundAll(d, m, f)
}
