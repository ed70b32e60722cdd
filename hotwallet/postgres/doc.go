// Package postgres is the store of one chain's hot wallet: cursor, deposits,
// coins, payments, postings and the facts they cause.
//
// It promises that every change is one transaction which starts by taking the
// chain's lock and proving that its writer still holds the lease, so that a
// stalled process can't write after its successor and facts are told in the
// order in which they became true; that every change names the state it expects
// and fails, changing nothing, when it finds another; and that what the chain
// did, its postings and its facts are stored together or not at all.
//
// Statements are in the .sql files beside the Go files that use them. It imports
// the vocabulary, the interfaces of hotwallet and pgx; only mains and tests
// import it.
package postgres
