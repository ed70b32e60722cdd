// Package statemachine decides what becomes of a swap when something happened.
//
// Decide is pure: a swap and a fact in; the next swap, postings, orders and the
// update out. The table in table.go, run by looplab/fsm, says which state follows
// which; Decide only finds out what a fact amounts to. Fold applies several facts
// to one swap, with duplicates passed over and early ones parked.
//
// It promises that every state and every kind of fact has a declared outcome:
// applied, duplicate, or parked with a reason. Nothing is dropped, and nothing is
// read that is not in the swap's row or the fact.
//
// It imports swap and its leaves, and looplab/fsm. Its parts: postgres/ stores
// what was folded in one transaction, deadline/ turns due deadlines into facts.
package statemachine
