// Package attest is process attestd: the second process that derives a deposit
// address from its own copy of the extended public keys before it is shown to
// anybody, and vouches for it with a signed receipt.
//
// # Promises
//
//   - A receipt is signed only for a quote that liquidityd signed and that has not
//     lapsed, for addresses the right chains can pay, none of them ours, and for a
//     deposit address that is exactly the one derived here.
//   - An index of a chain, a swap and a quote are each attested once, whatever is
//     asked, in whatever order, across restarts. The same request again gets the
//     same receipt, byte for byte; any other is refused.
//   - Nothing is attested at or below a mark that was raised (Raise), for when what was
//     attested before is not remembered; a mark is never lowered.
//   - A caller whose lease is older than one seen before on the chain gets nothing,
//     not even a receipt signed before.
//   - A receipt is on disk before it is answered.
//   - An amendment is signed only for a receipt that was signed here, and only for
//     whoever knows its secret. A swap whose receipt left the refund address open has
//     one, once it was set, for ever: the same again gets the same document, and it
//     is on disk before it is answered. A consent says when it was given, by the
//     clock here; what it is good for, swap.Terms.Permits says.
//   - A deposit is attested only as a node of the attestor's own shows it: in the very
//     block that is named, which is in that node's best chain before and after its
//     depth is counted; at the address that is derived here, of exactly that coin,
//     asset and amount; and above a limit by two nodes of different software. Each
//     look is a new one. What it does not find has a name.
//   - A death is attested as every node of the attestor's own of the chain shows it: the
//     transaction that spends exactly that coin or nonce, in the block that is named,
//     deeper than any reorganisation that is followed, and whether it failed. Of a coin
//     that never came to be, it is what its making would have spent; the transactions in
//     between prove that. It names no payment: which transactions a payment has, who
//     relies on it knows.
//
// It holds no private chain key: with its attestation key alone, or with its
// store, no coin can be moved. It has the word of nobody but liquidityd: that a
// swap was asked for by its user, and that the payout and refund addresses are the
// user's, is what hotwalletd says. The user compares them with the receipt.
//
// # What a compromised caller can still do
//
// It can have receipts made for quotes it gets hold of, with payout and refund
// addresses of its own; the receipt shows them, so a client that verifies it is
// not deceived, and the quote is spent. It learns the secret of each swap that is
// amended through it, and could amend that swap itself. It can use up indices, at most Ahead at a
// time beyond the highest attested. A very high fencing token locks out every later
// lease.
//
// The store must never be restored from a backup or deleted: Open refuses to start
// without it.
//
// # Imports
//
// It imports swap and its leaves, swap/rpc, hotwallet/keys, hotwallet/chain,
// hotwallet/durable and bbolt.
package attest
