package statemachine

import (
	"fmt"
	"slices"

	"ferry/swap"
)

// maxStaffRequests bounds what waits for a second member of staff, per swap.
const maxStaffRequests = 20

// decideStaff does what a member of staff wants, or waits for a second one, or says
// why not. All three are on record as the fact's note.
func (r Rules) decideStaff(d Decision, f swap.Fact) Decision {
	told := *f.Staff
	pending := slices.ContainsFunc(d.Swap.Amended.Staff, func(s swap.StaffRequest) bool { return s.RequestID == told.RequestID })
	switch {
	case told.Action == swap.StaffNote:
		d.Note = fmt.Sprintf("Note by %s: %s", told.Actor, told.Reason)
		return d
	case pending:
		d.Note = "The same request waits for approval already."
		return d
	case !r.needsSecond(d, told):
		return act(d, told, f)
	case len(d.Swap.Amended.Staff) >= maxStaffRequests:
		d.Note = fmt.Sprintf("Refused: %d requests wait for approval already.", maxStaffRequests)
		return d
	}
	by := d.now(f).Add(d.waits.Approval)
	d.Swap.Amended.Staff = append(d.Swap.Amended.Staff, swap.StaffRequest{StaffFact: told, By: by})
	d.Deadlines = append(d.Deadlines, swap.DeadlineFact{Name: swap.DeadlineApproval(told.RequestID), Due: by})
	d.Note = fmt.Sprintf("%s by %s waits for the approval of another member of staff, until %s: %s", told.Action, told.Actor, stamp(by), told.Reason)
	return d
}

// needsSecond: what the swap is about, quoted or deposited, is above what one
// member of staff may decide on alone.
func (r Rules) needsSecond(d Decision, told swap.StaffFact) bool {
	largest := d.Swap.Terms.Quote.Deposit
	if total, err := (swap.Order{ID: d.Swap.ID, Deposits: d.allFinal()}).Total(); err == nil && largest.Units.Less(total.Units) {
		largest = total
	}
	return r.StaffAlone[largest.Asset].Less(largest.Units) || r.wrongNeedsSecond(d, told)
}

// wrongNeedsSecond: the action would end the matter of a deposit in another asset, of
// which there is more than one member of staff may decide on alone. What a stranger
// sends must not bring a second person into any other action.
func (r Rules) wrongNeedsSecond(d Decision, told swap.StaffFact) bool {
	return (told.Action == swap.StaffRefund || told.Action == swap.StaffWriteOff) &&
		slices.ContainsFunc(d.Swap.Amended.Mismatches, func(m swap.Mismatch) bool {
			if m.Wait != swap.WaitOwner || told.DepositID != "" && told.DepositID != m.ID {
				return false
			}
			return slices.ContainsFunc(d.partsOf(m), func(i int) bool {
				amount := d.Swap.Deposits[i].Amount
				return r.StaffAlone[amount.Asset].Less(amount.Units)
			})
		})
}

// allFinal lists the confirmed deposits in the terms' asset.
func (d Decision) allFinal() []swap.OrderDeposit {
	var parts []int
	for i, deposit := range d.Swap.Deposits {
		if deposit.State == swap.DepositFinal && !isWrong(d.Swap.Terms.Quote, deposit.Amount) {
			parts = append(parts, i)
		}
	}
	return d.orderDeposits(parts)
}

// decideApproval does what another member of staff asked for.
func decideApproval(d Decision, f swap.Fact) Decision {
	told := *f.Staff
	i := slices.IndexFunc(d.Swap.Amended.Staff, func(s swap.StaffRequest) bool { return s.RequestID == told.RequestID })
	switch {
	case i < 0:
		d.Note = "Refused: no such request waits for approval."
		return d
	case d.Swap.Amended.Staff[i].Actor == told.Actor:
		d.Note = fmt.Sprintf("Refused: %s asked for it; somebody else has to approve.", told.Actor)
		return d
	}
	asked := d.Swap.Amended.Staff[i].StaffFact
	d.Swap.Amended.Staff = slices.Delete(d.Swap.Amended.Staff, i, i+1)
	d = act(d, asked, f)
	if d.Outcome == Applied {
		d.Note = fmt.Sprintf("Approved by %s. %s", told.Actor, d.Note)
	}
	return d
}

// lapse drops a request that nobody approved in time.
func lapse(d Decision, requestID string) Decision {
	n := len(d.Swap.Amended.Staff)
	d.Swap.Amended.Staff = slices.DeleteFunc(d.Swap.Amended.Staff, func(s swap.StaffRequest) bool { return s.RequestID == requestID })
	if len(d.Swap.Amended.Staff) < n {
		d.Note = "A request of staff was not approved in time and has lapsed."
	}
	return d
}

// act does it, or says why not.
func act(d Decision, told swap.StaffFact, f swap.Fact) Decision {
	by := fmt.Sprintf("%s by %s: %s.", told.Action, told.Actor, told.Reason)
	refusal := func(why string) Decision {
		d.Note = by + " Refused: " + why
		return d
	}
	d.Note = by
	switch told.Action {
	case swap.StaffRefund:
		back := func(d Decision, m swap.Mismatch, f swap.Fact) Decision {
			if m.Wait == swap.WaitOwner {
				return returnWhole(d, m)
			}
			return refundAll(d, m, f)
		}
		if d, done := d.forMismatches(told.DepositID, f, back); done {
			return d
		}
		return refusal("nothing waits for a price or an answer; what is paid for already can't be refunded.")
	case swap.StaffRequote, swap.StaffRetry:
		ask := func(d Decision, m swap.Mismatch, f swap.Fact) Decision {
			if m.Wait == swap.WaitOwner {
				d.Note = d.say("%s: it has no price here.", d.what(m))
				return d
			}
			if !m.Main && d.priced() >= maxRepriced {
				d.Note = d.say("No more than %d deposits have a price of their own.", maxRepriced)
				return d
			}
			return askPrice(d, m, swap.BasisMarket, f)
		}
		retried := false
		if told.Action == swap.StaffRetry {
			d, retried = d.retryFailed(told.DepositID)
		}
		if d, done := d.forMismatches(told.DepositID, f, ask); done || retried {
			return d
		}
		if told.Action == swap.StaffRequote && d.standing() == swap.Held {
			return refusal("the failed payment has its price: retry it.")
		}
		return refusal("nothing waits for a price or an answer.")
	case swap.StaffRelease:
		return release(d, refusal)
	case swap.StaffWriteOff:
		if !slices.ContainsFunc(d.Swap.Amended.Mismatches, abandoned) {
			return refusal("nothing waits for a refund address or its owner's yes; what can be sent back is the user's.")
		}
		d, _ := d.forMismatches(told.DepositID, f, writeOff)
		return d
	default:
		return refusal(fmt.Sprintf("action %.20q is not known.", told.Action))
	}
}

// forMismatches acts on one mismatch, or on all there are, whose deposits are here.
func (d Decision) forMismatches(id string, f swap.Fact, act func(Decision, swap.Mismatch, swap.Fact) Decision) (Decision, bool) {
	done := false
	for _, m := range slices.Clone(d.Swap.Amended.Mismatches) {
		if (id == "" || slices.Contains(m.Deposits, id)) && d.isHere(m) && d.Outcome == Applied {
			d, done = act(d, m, f), true
		}
	}
	return d, done
}

// release ends a hold: the swap goes to where its payments stand.
func release(d Decision, refusal func(string) Decision) Decision {
	gone := slices.ContainsFunc(d.Swap.Deposits, func(deposit swap.Deposit) bool {
		return deposit.Main && deposit.State != swap.DepositFinal && !deposit.Lost
	})
	_, waits := mainMismatch(d.Swap)
	switch {
	case d.From != swap.Held:
		return refusal("the swap is not held.")
	case waits:
		return refusal("it waits for an answer: refund, requote or write it off.")
	case gone:
		return refusal("a deposit is taken back, and nothing is paid without it.")
	case d.mainVerdict() == swap.VerdictNone || d.Swap.Reason == ReasonWrittenOff || d.standing() == swap.Held:
		return refusal("no payment is on its way that it could go on with.")
	}
	note := d.Note
	d = resume(d)
	d.Note = note
	return d
}

// abandoned: no refund can be sent before the user says something.
func abandoned(m swap.Mismatch) bool { return m.Wait == swap.WaitAddress || m.Wait == swap.WaitOwner }

// writeOff gives up on a mismatch that no refund can be sent for.
func writeOff(d Decision, m swap.Mismatch, _ swap.Fact) Decision {
	if !abandoned(m) {
		return d
	}
	d = d.settle(m.ID)
	for _, i := range d.partsOf(m) {
		d.Swap.Deposits[i].WrittenOff = true
		d.Entries = append(d.Entries, writeOffEntry(d.Swap.ID, d.Swap.Deposits[i]))
	}
	d.Note = d.say("Written off.")
	return d.hold(m, ReasonWrittenOff)
}
