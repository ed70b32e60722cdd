// Package model is what every service's schema has in common, in memory: a
// transaction that can be undone, the outbox, consumers' offsets and the book, with
// the guards that the migrations give them in Postgres. The model stores of the
// services are made of it.
//
// It promises that what a transaction did is gone when it is undone, that an entry
// is booked once and balances, that no account of a swap is overdrawn, and that an
// offset moves by compare-and-set only. It is not safe for concurrent use: a model
// store takes a lock, which is also what makes the outbox's order commit order.
//
// It is for simulations and tests; no daemon links it. It imports swap, swap/bus
// and swap/ledger.
package model
