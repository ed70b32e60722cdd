package statemachine

import (
	"fmt"
	"slices"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

// Rules is what decisions depend on besides the swap and the fact: whose
// signatures count.
type Rules struct {
	QuoteKeys  swap.PublicKeys
	AttestKeys swap.PublicKeys
	// Waits bound what a mismatch waits for; DefaultWaits where zero.
	Waits Waits
	// RefundFees are what the refund of a deposit in another asset than its swap's costs
	// its owner, in base units of that asset; nothing for an asset that is not in it.
	RefundFees map[asset.ID]asset.Units
	// StaffAlone is up to which deposit one member of staff may act without a second,
	// by asset; nothing for an asset that is not in it.
	StaffAlone map[asset.ID]asset.Units
}

// Waits are how long a mismatch waits, each from the moment the wait begins.
type Waits struct {
	// Price is for liquidityd to answer, Answer for the user, Approval for a second
	// member of staff. Reminder is until the first reminder of a missing refund
	// address; each further one takes twice as long, up to 32 times.
	Price, Answer, Reminder, Approval time.Duration
}

// DefaultWaits are what a deployment has that says nothing else.
func DefaultWaits() Waits {
	return Waits{Price: 10 * time.Minute, Answer: 24 * time.Hour, Reminder: 24 * time.Hour, Approval: 24 * time.Hour}
}

func (r Rules) waits() Waits {
	w := DefaultWaits()
	for _, set := range []struct{ to, from *time.Duration }{{&w.Price, &r.Waits.Price}, {&w.Answer, &r.Waits.Answer},
		{&w.Reminder, &r.Waits.Reminder}, {&w.Approval, &r.Waits.Approval}} {
		if *set.from > 0 {
			*set.to = *set.from
		}
	}
	return w
}

// Outcome is what became of a fact.
type Outcome string

// The outcomes. There is no other: a fact is never dropped.
const (
	Applied   Outcome = "applied"
	Duplicate Outcome = "duplicate"
	Parked    Outcome = "parked"
)

// Reasons a swap is refunded or held for.
const (
	ReasonShort        = "deposit_short"
	ReasonOver         = "deposit_over"
	ReasonLate         = "deposit_late"
	ReasonPayoutFailed = "payout_failed"
	ReasonRefundFailed = "refund_failed"
	// ReasonReorged: the chain took the deposit back after the payment for it was
	// or may have been signed, or for longer than the terms wait.
	ReasonReorged = "deposit_reorged"
	// ReasonNoAddress: a refund waits for an address to go to.
	ReasonNoAddress = "refund_address_needed"
	// ReasonWrittenOff: nobody said where to refund what came, and staff gave up.
	ReasonWrittenOff = "written_off"
)

// Reasons a mismatch waits, besides its verdict's.
const (
	// ReasonSmallExcess: the policy is to refund, and what is too much can't be sent
	// back, so that the locked price is asked for.
	ReasonSmallExcess = "excess_small"
	// ReasonBeyondTolerance: today's price is further from the locked rate than the
	// policy allows. ReasonBelowConsent: it pays less than the user's last answer asked.
	ReasonBeyondTolerance = swap.RefusedBeyond
	ReasonBelowConsent    = swap.RefusedBelow
	// ReasonAsk: the policy is to ask.
	ReasonAsk = "policy_ask"
)

// Decision is what follows from one fact. It changes nothing by itself.
type Decision struct {
	Outcome Outcome
	// Reason says why a fact is parked.
	Reason string
	// Swap is the swap after the fact, with Version one higher (applied only).
	Swap swap.Swap
	From swap.State
	Move Move
	// Note says in words what was decided, for support's timeline.
	Note    string
	Entries []ledger.Entry
	Orders  []swap.Order
	// Requests are for prices. Deadlines are added to the swap's, in place of one of
	// the same name.
	Requests  []swap.RequoteRequest
	Deadlines []swap.DeadlineFact

	waits Waits
	fees  map[asset.ID]asset.Units
}

func parked(format string, args ...any) Decision {
	return Decision{Outcome: Parked, Reason: fmt.Sprintf(format, args...)}
}

// Decide says what follows from a fact for a swap; current is nil while the swap
// is not known. It reads no clock and does no I/O: the same arguments give the
// same decision. The error means that the table and Decide contradict each
// other, a defect.
func (r Rules) Decide(current *swap.Swap, f swap.Fact) (Decision, error) {
	if current == nil {
		if f.Kind != swap.FactSwapCreated {
			return parked("the swap is not known yet"), nil
		}
		return r.create(f), nil
	}
	if f.Seq <= current.Seen[f.Source] {
		return Decision{Outcome: Duplicate}, nil
	}
	d := Decision{Outcome: Applied, Swap: clone(*current), From: current.State, waits: r.waits(), fees: r.RefundFees}
	switch f.Kind {
	case swap.FactSwapCreated:
		d = parked("the swap exists already")
	case swap.FactDepositSeen, swap.FactDepositInBlock, swap.FactDepositConfirmed,
		swap.FactDepositReplaced, swap.FactDepositReorged:
		d = decideDeposit(d, f)
	case swap.FactPaymentQueued, swap.FactPaymentBroadcast, swap.FactPaymentConfirmed,
		swap.FactPaymentFinal, swap.FactPaymentReorged, swap.FactPaymentFailed:
		d = decidePayment(d, f)
	case swap.FactRequoted:
		d = r.decideRequoted(d, f)
	case swap.FactAnswered:
		d = r.decideAnswered(d, f)
	case swap.FactRefundAddressSet:
		d = r.decideRefundAddress(d, f)
	case swap.FactStaffAction:
		d = r.decideStaff(d, f)
	case swap.FactStaffApproved:
		d = decideApproval(d, f)
	case swap.FactDeadlinePassed:
		d = decideDeadline(d, f)
	default:
		d = parked("kind %s is not known", f.Kind)
	}
	if d.Outcome != Applied {
		return d, nil
	}
	return d.finish(f)
}

// finish runs the move through the table and stamps the swap.
func (d Decision) finish(f swap.Fact) (Decision, error) {
	to, err := next(d.From, d.Move)
	if err != nil {
		return d, fmt.Errorf("swap %s, fact %s: %w", d.Swap.ID, f.Kind, err)
	}
	d.Swap.State = to
	d.Swap.Version++
	d.Swap.Seen[f.Source] = f.Seq
	if f.At.After(d.Swap.UpdatedAt) {
		d.Swap.UpdatedAt = f.At
	}
	for i := range d.Orders {
		d.Orders[i].At = d.Swap.UpdatedAt
	}
	for i := range d.Requests {
		d.Requests[i].At = d.Swap.UpdatedAt
	}
	return d, nil
}

// create verifies the signed terms for itself: the gateway that told of the swap
// is not trusted with them.
func (r Rules) create(f swap.Fact) Decision {
	terms, err := swap.VerifyTerms(f.Created.SignedQuote, f.Created.SignedReceipt, r.QuoteKeys, r.AttestKeys)
	if err != nil {
		return parked("the terms do not verify: %v", err)
	}
	if terms.Receipt.SwapID != f.SwapID {
		return parked("the receipt is for swap %s", terms.Receipt.SwapID)
	}
	return Decision{Outcome: Applied, Note: "The swap was created.", Swap: swap.Swap{
		ID: f.SwapID, State: swap.AwaitingDeposit, Version: 1, Terms: terms,
		CreatedAt: f.At, UpdatedAt: f.At, Seen: map[string]int64{f.Source: f.Seq},
	}}
}

// decideDeadline ends what a deadline is about, unless it has happened: a swap
// without a deposit expires, and one with too little of the amount is refunded.
func decideDeadline(d Decision, f swap.Fact) Decision {
	l := d.leg(nobody)
	d.Note = fmt.Sprintf("The deadline %s passed and no longer matters.", f.Deadline.Name)
	switch f.Deadline.Name {
	case swap.DeadlineDepositBy:
		switch {
		case !l.decided && len(l.parts) > 0 && d.awaited(l, d.now(f)):
			d.Note = "The time to deposit is over; a deposit that was seen in time still waits for its confirmations."
		case !l.decided && len(l.parts) > 0:
			d.Note = ""
			return mismatched(d, l.parts, swap.VerdictShort, true, f)
		case d.From == swap.AwaitingDeposit:
			return d.expire("No deposit was seen in time.")
		}
	case swap.DeadlineConfirmBy:
		switch {
		case d.From == swap.DepositDetected && d.waitsForReturn():
			d.Move, d.Swap.Reason = MoveHold, ReasonReorged
			d.Note = "The chain took the deposit back, and it was not confirmed again in time."
		case !l.decided && len(l.parts) > 0:
			d.Note = ""
			return mismatched(d, l.parts, swap.VerdictShort, true, f)
		case d.From == swap.AwaitingDeposit || d.From == swap.DepositDetected:
			return d.expire("The deposit was not confirmed in time.")
		}
	default:
		return decideWait(d, f)
	}
	return d
}

// now is the latest time that is known of: a fact may be told after one that
// happened later.
func (d Decision) now(f swap.Fact) time.Time {
	if f.At.After(d.Swap.UpdatedAt) {
		return f.At
	}
	return d.Swap.UpdatedAt
}

// clone copies what a decision may change, so that the swap it was given stays.
func clone(s swap.Swap) swap.Swap {
	s.Deposits = slices.Clone(s.Deposits)
	s.Payments = slices.Clone(s.Payments)
	s.Amended.Requotes = slices.Clone(s.Amended.Requotes)
	s.Amended.Owned = slices.Clone(s.Amended.Owned)
	s.Amended.Mismatches = slices.Clone(s.Amended.Mismatches)
	s.Amended.Rates = slices.Clone(s.Amended.Rates)
	s.Amended.Staff = slices.Clone(s.Amended.Staff)
	seen := make(map[string]int64, len(s.Seen)+1)
	for source, seq := range s.Seen {
		seen[source] = seq
	}
	s.Seen = seen
	return s
}

func sub(a, fee asset.Amount) (asset.Amount, error) {
	u, err := a.Units.Sub(fee.Units)
	return asset.Amount{Asset: a.Asset, Units: u}, err
}
