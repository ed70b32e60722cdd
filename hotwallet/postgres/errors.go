package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// Errors of the store. All mean that nothing was changed.
var (
	// ErrFenced means another process has taken the chain's lease since.
	ErrFenced = errors.New("the lease belongs to another process")
	// ErrEntryExists means that what an entry books has been booked before.
	ErrEntryExists = errors.New("entry exists")
	// ErrCursorMoved means the chain's cursor is not where the caller thought.
	ErrCursorMoved = errors.New("the cursor has moved")
	// ErrState means that a row is not in the state that the change starts from.
	ErrState = errors.New("a row is not in the expected state")
	// ErrInvariant means that a CHECK or trigger of the schema refused a change.
	ErrInvariant = errors.New("refused by an invariant of the schema")
)

// SQLSTATE codes.
const (
	codeUniqueViolation   = "23505"
	codeCheckViolation    = "23514"
	codeForeignKey        = "23503"
	codeRestrictViolation = "23001"
)

// mapError gives Postgres's refusals the names above. Other errors pass as they are.
func mapError(err error) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.Code {
	case codeUniqueViolation:
		return fmt.Errorf("%w: %w", ErrState, err)
	case codeCheckViolation, codeForeignKey, codeRestrictViolation:
		return fmt.Errorf("%w: %w", ErrInvariant, err)
	}
	return err
}
