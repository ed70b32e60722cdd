// Package ledger is double-entry bookkeeping as values: accounts, postings and
// entries that sum to zero per asset.
//
// There is one ledger in two books. The hot wallet posts what the chain did, in
// the transaction of the block cursor; the state machine posts what swaps did,
// in the transaction of the transition. The account Clearing stands in both: the
// two sides of it differ exactly by the facts and orders in flight.
//
// It promises that an Entry which validates can be stored, and it imports only
// swap/asset and the standard library.
package ledger
