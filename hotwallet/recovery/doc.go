// Package recovery rebuilds a chain's rows from the chain itself, after the database
// was lost or restored from an old backup. All it needs is the extended public keys,
// the height before which nothing of ours is on the chain, and the highest deposit
// index that was issued: from attestd's memory, or by hand where that is lost too.
//
// It promises that every address that may have been issued is watched and burnt before
// the first block is read, so that what was paid to it is found and it is never issued
// again; that up to a last block, fixed when it begins, spends of ours that nobody
// knows are booked as recovered, and after it halt the chain as ever; and that it says
// how far it is. Payments stand still until an operator has looked at the books.
//
// What only the database knew is not made up: which swap a deposit was for (it is
// unattributed, in suspense) and why a payment was made.
//
// It imports hotwallet/chain and swap/asset. The store and the issuer are interfaces.
package recovery
