package support

import (
	"context"
	"slices"
	"strings"
	"time"

	"ferry/swap"
)

// Outcome is what the state machine made of what staff asked for.
type Outcome struct {
	// Decided: the fact is in the timeline. Parked says why it can't be, "" if it was
	// not read yet.
	Decided bool
	Parked  string
	// Note is the decision in words, and State and Version where it led.
	Note    string
	State   swap.State
	Version int64
	// Pending: a second member of staff has to agree.
	Pending bool
	reason  string
}

// Refused reports that the state machine did not do it.
func (o Outcome) Refused() bool {
	// The reason is a person's and may say anything.
	note := o.Note
	if o.reason != "" {
		note = strings.ReplaceAll(note, o.reason, "")
	}
	return strings.Contains(note, "Refused: ")
}

// Outcome looks for what became of a request, or of an approval if the fact has no action.
func (r *Reader) Outcome(ctx context.Context, swapID string, fact swap.StaffFact) (Outcome, error) {
	type row struct {
		Note    string
		State   swap.State
		Version int64
		Parked  string
		Pending bool
	}
	kind := swap.FactStaffAction
	if fact.Action == "" {
		kind = swap.FactStaffApproved
	}
	found, err := rows[row](ctx, r, "STAFF_OUTCOME", swapID, kind, fact.RequestID, fact.Actor)
	if err != nil || len(found) == 0 {
		return Outcome{}, err
	}
	f := found[0]
	return Outcome{Decided: f.Version > 0, Parked: f.Parked, Note: f.Note, State: f.State, Version: f.Version, Pending: f.Pending, reason: fact.Reason}, nil
}

// staffShown is how many actions of staff are shown of one swap.
const staffShown = 100

// StaffRequest is what a member of staff asked for, and what became of it.
type StaffRequest struct {
	RequestID string           `json:"request_id"`
	Actor     string           `json:"actor"`
	Action    swap.StaffAction `json:"action"`
	DepositID string           `json:"deposit_id,omitempty"`
	Reason    string           `json:"reason"`
	At        time.Time        `json:"at"`
	// ApprovedBy is who agreed, "" while nobody has.
	ApprovedBy      string     `json:"approved_by,omitempty"`
	ApprovalReason  string     `json:"approval_reason,omitempty"`
	ApprovedAt      *time.Time `json:"approved_at,omitempty"`
	Outcome         string     `json:"outcome,omitempty"`
	ApprovalOutcome string     `json:"approval_outcome,omitempty"`
	// Pending: it waits for a second member of staff.
	Pending bool `json:"pending"`
}

// caseStaff reads the newest of what staff asked for, the oldest of them first.
func (r *Reader) caseStaff(ctx context.Context, swapID string) ([]StaffRequest, bool, error) {
	found, err := rows[StaffRequest](ctx, r, "CASE_STAFF", swapID, staffShown+1)
	if err != nil {
		return nil, false, err
	}
	found, more := cut(found, staffShown)
	slices.Reverse(found)
	return found, more, nil
}
