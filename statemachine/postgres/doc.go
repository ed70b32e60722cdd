// Package postgres stores what the state machine folds: a batch of facts for any
// number of swaps in one transaction and one round trip. Gathered does so for the
// batches of several partitions that wait at the same time.
//
// It promises that a batch has all of its effects or none: swaps at the versions
// that were read, deposits, payments, timeline, postings, outbox, parked facts and
// the consumer's offset. Where any guarded count differs, everything rolls back
// and ErrStale says to read again.
//
// It imports statemachine, swap and its parts, and pgx. Only mains and tests
// import it.
package postgres
