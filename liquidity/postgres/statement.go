package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// statement is SQL with named arguments, whose names were read once: pgx reads them again
// each time it is asked.
type statement struct {
	// name is what it is prepared as on a stream.
	name, sql string
	// names are the arguments in their order.
	names []string
}

// newStatement reads SQL whose arguments are among these. It panics for an argument that is
// not: that is a mistake in the file.
func newStatement(name, sql string, names ...string) statement {
	known := pgx.NamedArgs{}
	for _, name := range names {
		known[name] = name
	}
	positional, args, err := known.RewriteQuery(context.Background(), nil, sql, nil)
	if err != nil {
		panic("postgres: " + err.Error())
	}
	s := statement{name: name, sql: positional}
	for _, arg := range args {
		name, ok := arg.(string)
		if !ok {
			panic(fmt.Sprintf("postgres: an argument of %.60q is none of %v", sql, slices.Sorted(maps.Keys(known))))
		}
		s.names = append(s.names, name)
	}
	return s
}

// queue adds the statement to a batch. An argument that args lack is an error: it would be
// NULL, which bounds nothing.
func (s statement) queue(to *pgx.Batch, args pgx.NamedArgs) error {
	values := make([]any, len(s.names))
	for i, name := range s.names {
		value, ok := args[name]
		if !ok {
			return fmt.Errorf("the argument %s of a statement is missing", name)
		}
		values[i] = value
	}
	to.Queue(s.sql, values...)
	return nil
}

// The statements of bookings.
var (
	bookNames = []string{"payout_asset", "quote_ids", "pairs", "clients", "signed_quotes", "deposits", "payouts", "service_fees", "network_fees",
		"refund_fees_max", "issued_at", "accept_by", "deposit_by", "variable"}
	bookRows         = newStatement("book", bookSQL, bookNames...)
	bookAllOrNothing = newStatement("book_at_once", bookAtOnceSQL, slices.Concat(bookNames, []string{"asking", "most_open", "most_reserved", "now", "turn", "next", "exposure"})...)
	bookWait         = newStatement("book_lock", bookLockSQL, "clients", "markets", "payout_asset")
)
