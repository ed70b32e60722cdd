package simulation

import (
	"encoding/json"
	"slices"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/bus"
)

// This file holds what is not settled yet to its invariants: every confirmed deposit
// is somebody's matter, and every matter ends.

type deadlineOf struct {
	swapID string
	name   swap.DeadlineName
}

// deadlineTold keeps the last due time that was told of each deadline.
func (c *checker) deadlineTold(m bus.Message) {
	if m.Topic != bus.TopicFacts || m.Kind != string(swap.FactDeadlinePassed) {
		return
	}
	var f swap.Fact
	must(json.Unmarshal(m.Body, &f))
	c.deadlines[deadlineOf{m.Key, f.Deadline.Name}] = f.Deadline.Due
}

// coming reports a deadline that is in the store for this time, or was told for it
// and is underway.
func (c *checker) coming(id string, name swap.DeadlineName, by time.Time) bool {
	if due, set := c.world.states.Deadline(id, name); set {
		return due.Equal(by)
	}
	if !c.deadlines[deadlineOf{id, name}].Equal(by) {
		return false
	}
	return !slices.ContainsFunc(c.world.states.Events(id), func(e statemachine.Event) bool {
		return e.Fact.Deadline != nil && e.Fact.Deadline.Name == name && e.Fact.Deadline.Due.Equal(by)
	})
}

// matters holds a swap's mismatches, staff requests and judged deposits to their rules.
func (c *checker) matters(id string) {
	row, _ := c.world.states.Swap(id)
	main := 0
	for _, m := range row.Amended.Mismatches {
		if m.Main {
			main++
		}
		c.mismatch(row, m)
	}
	if main > 1 {
		fail("%s has %d mismatches of its main leg", id, main)
	}
	for _, s := range row.Amended.Staff {
		if !c.coming(id, swap.DeadlineApproval(s.RequestID), s.By) {
			fail("%s: request %s of staff waits for an approval, and no deadline will end that", id, s.RequestID)
		}
	}
	for _, d := range row.Deposits {
		c.outcome(row, d)
	}
}

// mismatch demands that a matter is about confirmed deposits for which nothing is
// paid, and that it ends by itself: at a deadline, or when a deposit comes back.
func (c *checker) mismatch(row swap.Swap, m swap.Mismatch) {
	if len(m.Deposits) == 0 || m.ID != m.Deposits[0] || !slices.IsSorted(m.Deposits) {
		fail("%s: mismatch %s is about %v", row.ID, m.ID, m.Deposits)
	}
	here := true
	for _, id := range m.Deposits {
		i := slices.IndexFunc(row.Deposits, func(d swap.Deposit) bool { return d.ID == id })
		if i < 0 || row.Deposits[i].Verdict != m.Verdict || row.Deposits[i].Main != m.Main {
			fail("%s: mismatch %s (%s) has deposit %s", row.ID, m.ID, m.Verdict, id)
		}
		here = here && row.Deposits[i].State == swap.DepositFinal
	}
	if m.By.IsZero() || here && !c.coming(row.ID, swap.DeadlineMismatch(m.ID), m.By) {
		fail("%s: mismatch %s waits for %s until %s, and no deadline will end that", row.ID, m.ID, m.Wait, m.By)
	}
	if m.Wait == swap.WaitAddress && here && row.RefundsTo() != "" {
		fail("%s: mismatch %s waits for an address, and there is one", row.ID, m.ID)
	}
	if !m.Main {
		return
	}
	want := map[swap.Wait]swap.State{swap.WaitPrice: swap.DepositConfirmed, swap.WaitAnswer: swap.Held, swap.WaitAddress: swap.Held}[m.Wait]
	if here && row.State != want || !here && row.State != swap.DepositDetected && row.State != swap.Held {
		fail("%s is %s, and its main leg waits for %s (deposits here: %t)", row.ID, row.State, m.Wait, here)
	}
	reason := reasonOf(m.Verdict)
	if m.Wait == swap.WaitAddress {
		reason = statemachine.ReasonNoAddress
	}
	if here && row.Reason != reason || !here && row.State == swap.Held && row.Reason != statemachine.ReasonReorged {
		fail("%s is %s with reason %q, and its main leg waits for %s (deposits here: %t)", row.ID, row.State, row.Reason, m.Wait, here)
	}
}

// outcome demands that a deposit with a verdict is one thing: paid out, refunded,
// written off, quarantined, or somebody's matter.
func (c *checker) outcome(row swap.Swap, d swap.Deposit) {
	n := 0
	for _, p := range row.Payments {
		if pays(p, d) {
			n++
		}
	}
	for _, m := range row.Amended.Mismatches {
		if slices.Contains(m.Deposits, d.ID) {
			n++
		}
	}
	if d.WrittenOff {
		n++
	}
	if d.Verdict == swap.VerdictDust {
		n++
	}
	if want := 1; d.Verdict == swap.VerdictNone && n != 0 || d.Verdict != swap.VerdictNone && n != want {
		fail("%s: deposit %s (%q, written off %t) has %d outcomes", row.ID, d.ID, d.Verdict, d.WrittenOff, n)
	}
}

// unsettled says which matter is still to end, "" if none is: a missing address and a
// deposit that is taken back can be waited for without end.
func (w *World) unsettled() string {
	for _, id := range w.states.IDs() {
		row, _ := w.states.Swap(id)
		for _, m := range row.Amended.Mismatches {
			if m.Wait != swap.WaitAddress && m.Wait != swap.WaitOwner && !takenBack(row, m.Deposits) {
				return id + ": mismatch " + m.ID + " waits for " + string(m.Wait)
			}
		}
		if len(row.Amended.Staff) > 0 {
			return id + ": a request of staff waits for an approval"
		}
	}
	return ""
}

// takenBack reports that one of some deposits is not confirmed any more.
func takenBack(row swap.Swap, ids []string) bool {
	return slices.ContainsFunc(row.Deposits, func(d swap.Deposit) bool {
		return slices.Contains(ids, d.ID) && d.State != swap.DepositFinal
	})
}

// awayOf reports a fact about a mismatch of which a deposit is taken back for good.
func awayOf(row swap.Swap, f swap.Fact) bool {
	if f.Requoted == nil && f.Answered == nil {
		return false
	}
	return slices.ContainsFunc(row.Amended.Mismatches, func(m swap.Mismatch) bool { return takenBack(row, m.Deposits) })
}

// checkSigned holds what is to be signed to the documents it rests on, all verified
// here: a payout is the quote's, or a requote's that is permitted.
func checkSigned(o swap.Order) {
	terms, err := swap.VerifyTerms(o.SignedQuote, o.SignedReceipt, quoteKeys, attestKeys)
	must(err)
	total, err := o.Total()
	must(err)
	amount, to := terms.Quote.Payout, terms.Receipt.PayoutAddress
	switch {
	case total.Asset != terms.Quote.Pair.From:
		amount, to = checkYes(o, terms)
	case o.Purpose == swap.PurposeRefund:
		amount.Asset, amount.Units = total.Asset, less(total.Units, terms.Quote.RefundFeeMax.Units)
		if to = terms.Receipt.RefundAddress; to == "" {
			a, err := swap.VerifyRefundAddress(o.SignedRefundAddress, attestKeys)
			if err != nil || a.SwapID != o.SwapID {
				fail("%s: the refund address is for %q (%v)", o.ID, a.SwapID, err)
			}
			to = a.RefundAddress
		}
	case o.SignedRequote != "":
		amount = checkRequoted(o, terms).Payout
	case terms.Quote.Variable || total != terms.Quote.Deposit || o.ID != swap.PayoutOrderID(o.SwapID):
		fail("%s pays the quote for %s", o.ID, total)
	}
	if o.Amount != amount || o.Destination != to {
		fail("%s pays %s to %s, it should be %s to %s", o.ID, o.Amount, o.Destination, amount, to)
	}
}

func checkRequoted(o swap.Order, terms swap.Terms) swap.Requote {
	r, err := swap.VerifyRequote(o.SignedRequote, quoteKeys)
	must(err)
	var consent *swap.Consent
	if o.SignedConsent != "" {
		c, err := swap.VerifyConsent(o.SignedConsent, attestKeys)
		must(err)
		consent = &c
	}
	if err := terms.Permits(r, o.Deposits, consent, swap.HashDocument(o.SignedConsent)); err != nil {
		fail("%s: %v", o.ID, err)
	}
	if want := swap.ExtraPayoutOrderID(o.Deposits[0].ID); !r.Main && o.ID != want || r.Main && o.ID != swap.PayoutOrderID(o.SwapID) {
		fail("%s pays a requote with main %t", o.ID, r.Main)
	}
	return r
}

// endless reports a hold that nothing has to end: a refund waits for an address that
// the user may never name, staff has written the deposit off, or the chain took back
// what is not settled, and may never return it.
func endless(row swap.Swap) bool {
	away := slices.ContainsFunc(row.Amended.Mismatches, func(m swap.Mismatch) bool { return m.Main && takenBack(row, m.Deposits) })
	return row.State == swap.Held && (row.Reason == statemachine.ReasonNoAddress || row.Reason == statemachine.ReasonWrittenOff || away)
}
