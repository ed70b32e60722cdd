package verify

import (
	"fmt"
	"time"
)

// Refusal is the client's own no: a document that does not verify or does not say
// what was asked for. Nothing must be paid on it.
type Refusal struct {
	// Field is what is wrong: "signed_quote" or "signed_receipt", alone where the
	// document as a whole is not what a trusted key signed, or with a member of
	// its payload after a point. What was asked for wrongly has its own name.
	Field string
	// Reason says how, for people.
	Reason string
	err    error
}

// Error is the field with the reason.
func (r *Refusal) Error() string {
	return "refused before anything was paid: " + r.Field + ": " + r.Reason
}

// Unwrap is the cause where there is one, such as swap.ErrSignature.
func (r *Refusal) Unwrap() error { return r.err }

// Refuse makes the refusal of a field for a reason that is an error.
func Refuse(field string, err error) *Refusal {
	return &Refusal{Field: field, Reason: err.Error(), err: err}
}

// Check is one comparison of what was given with what it must be.
type Check struct {
	field string
	ok    bool
	// reason is what is wrong if not ok.
	reason string
}

// That is a check with a reason of its own, told if it is not ok.
func That(field string, ok bool, reason string) Check { return Check{field, ok, reason} }

// Equal checks two comparable values.
func Equal[T comparable](field string, got, want T) Check {
	if got == want {
		return Check{field: field, ok: true}
	}
	return Check{field: field, reason: fmt.Sprintf("it is %v, not %v", got, want)}
}

// Same checks two times for being the same instant.
func Same(field string, got, want time.Time) Check {
	if got.Equal(want) {
		return Check{field: field, ok: true}
	}
	return Check{field: field, reason: fmt.Sprintf("it is %s, not %s", stamp(got), stamp(want))}
}

// First is the refusal of the first check that is not ok; nil if all are.
func First(checks ...Check) error {
	for _, c := range checks {
		if !c.ok {
			return &Refusal{Field: c.field, Reason: c.reason}
		}
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
