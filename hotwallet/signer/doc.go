// Package signer is process signerd: it alone holds the private keys, and it
// decides for itself what they may sign.
//
// # Promises
//
//   - A signature is given for a payout or a refund only, and only where a quote
//     signed by liquidityd and a receipt signed by attestd say so, with the
//     amendments that are signed by either. Destination, amount and fee are
//     recomputed from the transaction, never taken on trust.
//   - A requote is paid exactly, for exactly the deposits that it names, where
//     swap.Terms.Permits it: within the policy of the receipt, or with the user's
//     consent. A refund address set later is paid only where the receipt left it
//     open. An amendment that has no business with a payment is refused with it.
//   - For one authority (the payout of a quote, by itself or by a requote; the payout
//     of an extra deposit; the refund of a deposit) all transactions ever signed spend
//     the same anchor: the first input of the first of them, or its sender and nonce.
//     So at most one can be mined. What it pays, where to and for which deposits is
//     fixed by the first.
//   - A deposit is used up by one authority; a quote pays one swap, and a swap is
//     paid out once, apart from extra deposits; a coin or nonce signed for one
//     authority is never signed for another; a caller whose lease is older than one
//     seen before gets nothing.
//   - All of that is decided and recorded in one durable transaction, which is on
//     disk before a signature leaves the process. The same request again gets the
//     same bytes.
//   - Limits per transaction are the signer's own: amount, fee, fee rate, fee as a
//     share of the amount, gas. An asset without limits is not signed for.
//
// # What a compromised caller can still do
//
// Whoever controls hotwalletd holds genuine quotes and receipts. Until deposits
// are attested from a node of attestd's own, the signer has only the caller's
// word that a deposit exists. Such a caller can
//
//   - have payouts made, for swaps that liquidityd quoted and attestd gave a
//     receipt for, without a deposit: each to the swap's own payout address, once
//     per quote, for exactly the quoted amount, or that of a requote which
//     liquidityd signed;
//   - have refunds made of deposits that never happened, of any number and each of
//     an amount up to the cap per transaction, to a refund address that stands in a
//     genuine receipt or was set with the swap's secret. Nothing limits the sum over time yet;
//   - use terms long after their deadlines: the signer knows no deposit's time;
//   - burn fees up to the caps, and withhold or delay payments: coins that were
//     signed into an attempt stay tied to that authority, and a very high fencing
//     token locks out every later lease.
//
// It can't choose another destination, another payout amount, a second payout, a
// payout and a refund of one deposit, or a purpose beyond these two. A compromised
// liquidityd or attestd alone moves nothing; with hotwalletd, each of them makes
// terms of its own, bounded by the caps.
//
// The memory protects only as long as it is whole: it must never be restored from
// a backup or copied to a second signer. Open refuses to start without it.
//
// # Imports
//
// It imports swap and its leaves, swap/rpc, hotwallet/keys, btcd's and
// go-ethereum's transaction code, hotwallet/durable, filippo.io/age and bbolt. Only cmd and tests
// import it.
package signer
