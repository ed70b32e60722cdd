// Package support reads what people ask about Ferry: one swap with all that is
// known of it, swaps by whatever text somebody has, treasury's balances, the
// books, and what needs a person.
//
// It promises that one answer is one snapshot of all services' schemas, that
// nothing is written, that every list is bounded and says when there is more, and
// that amounts stay exact. Everything it returns can be written as JSON.
//
// It reads the services' tables itself, through SQL of its own that names each
// schema: no service's store is linked into the command line. It imports pgx, the
// vocabulary, the state machine's table for who must act by when, and package
// console to say lengths of time.
package support
