package postgres

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"ferry/gateway"
)

// retryClasses are the SQLSTATE classes after which the same statement may go
// well: connection exception, transaction rollback, insufficient resources,
// operator intervention (a shutdown).
var retryClasses = map[string]bool{"08": true, "40": true, "53": true, "57": true}

// explain is the one place where errors of Postgres are told apart: those that
// are worth trying again wrap gateway.ErrNoAnswer.
func explain(doing string, err error) error {
	var said *pgconn.PgError
	var connect *pgconn.ConnectError
	var network net.Error
	silent := false
	switch {
	case errors.As(err, &said):
		silent = len(said.Code) == 5 && retryClasses[said.Code[:2]]
	case errors.As(err, &connect), errors.As(err, &network), pgconn.Timeout(err), pgconn.SafeToRetry(err),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		silent = true
	}
	if silent {
		return fmt.Errorf("%s: %w: %w", doing, gateway.ErrNoAnswer, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
