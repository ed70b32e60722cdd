// Package postgres keeps locks and requotes in PostgreSQL (schema liquidity): the one
// implementation of liquidity.Store.
//
// It promises that any number of processes booking, accepting and answering at once keep
// every bound, and that what it reported as done is committed. It imports
// liquidity, swap and its leaves, swap/bus and pgx; only mains and tests import it.
package postgres
