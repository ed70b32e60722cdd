// Package signer is process signerd: it alone holds the private keys, and it
// decides for itself what they may sign.
//
// # Promises
//
//   - A signature is given for five purposes, each with a check of its own, and what is
//     good for one is good for no other. A payout or a refund only where a quote
//     signed by liquidityd and a receipt signed by attestd say so, with the
//     amendments that are signed by either. The others move what is ours between
//     addresses that are derived here: a sweep from a deposit address to the hot sender,
//     or coins of ours to change addresses; a gas top-up from the hot sender to a deposit
//     address, up to a cap; a gap-fill of nothing to the hot sender itself, at a nonce
//     that was signed for nothing else. Destination, amount and fee are
//     recomputed from the transaction, never taken on trust. A token is paid by exactly
//     one transfer(address,uint256) to the contract that the networks pin, without
//     ether; ether by a transaction without calldata. Neither is signed for the other.
//   - Every deposit that a payment uses up is attested by attestd, which has looked for
//     it on a node of its own: bound to the receipt, of that very amount, deep enough
//     and minutes ago at most. What is summed up is what was attested. That is so once: what
//     conflicts with what was signed, for the same authorities on the same terms, needs no other.
//   - A requote is paid exactly, for exactly the deposits that it names, where
//     swap.Terms.Permits it: within the policy of the receipt, or with the user's
//     consent. A refund address set later is paid only where the receipt left it
//     open. An amendment that has no business with a payment is refused with it.
//   - For one authority (the payout of a quote, by itself or by a requote; the payout
//     of an extra deposit; the refund of a deposit) all transactions signed spend
//     the same anchor, of a batch one for all: the first input of the first of them, or
//     its sender and nonce. So at most one can be mined. What it pays, where to and for
//     which deposits is fixed by the first.
//   - An anchor is given up in one case: attestd attests that it is spent for good, by
//     what was never signed for the authority, or by what was and failed. The next one
//     is as fixed. A coin that only lost attempts spend is free for others by the same
//     word, which is remembered for that and for nothing else; what it says is spent for
//     good is never signed for again.
//   - On chains of coins one transaction pays one authority or a batch of up to 100, each
//     by exactly one output. A batch is immutable: what replaces it pays the same
//     authorities, and none of them is paid otherwise.
//   - A deposit is used up by one authority; a quote pays one swap, and a swap is
//     paid out once, apart from extra deposits; a coin or nonce signed for one
//     authority is never signed for another; a caller whose lease is older than one
//     seen before gets nothing.
//   - All of that is decided and recorded in one durable transaction, which is on
//     disk before a signature leaves the process; several requests may share it, in an
//     order. The same request again gets the same bytes.
//   - A request without attestations that nothing was signed before for is a recall: what is
//     refused to it is not signed afterwards by a request that was sent before, with attestations
//     of before, so that the caller may give its coins or nonce to others. Newer attestations have
//     it signed.
//   - Each decision is in a log before its answer leaves: lines chained by their hashes,
//     the last of which the memory knows. With another log the signer does not start,
//     and it stops when the log is laid hands on.
//   - A key of one chain signs on another in one case: the refund of a deposit that came
//     to the form that the receipt's address has there. It signs for that very coin, by
//     the receipt's own path.
//   - Limits per transaction are the signer's own: amount, fee, fee rate, fee as a
//     share of the amount, gas. An asset without limits is not signed for.
//   - What is paid of each asset, and what fees cost, is limited in any hour and any day.
//     A clock that is set back frees nothing, and a sum that can't be read stops what
//     adds to it.
//   - A switch stops everything, a chain or an asset from the next decision on. While
//     the switches can't be read nothing is signed.
//
// # What a compromised caller can still do
//
// Whoever controls hotwalletd holds genuine quotes and receipts. What deposits they
// are used for, attestd says. Such a caller can
//
//   - have a genuine deposit paid out or refunded, once, though nobody has ordered it:
//     to the swap's own addresses, for exactly the quoted amount, that of a requote
//     which liquidityd signed, or the deposit less at most the quoted fee, all within
//     the limits over time;
//   - use terms long after their deadlines: the signer knows no deposit's time;
//   - burn fees up to the caps and the limits over time, and withhold or delay payments: coins that were
//     signed into an attempt stay tied to that authority, and a very high fencing
//     token locks out every later lease.
//
// It can't choose another destination, another payout amount, a second payout, a
// payout and a refund of one deposit, a deposit that never was, or another purpose.
// What it sweeps or tops up stays ours, and costs fees up to the caps. A compromised liquidityd or attestd alone moves nothing; with hotwalletd,
// liquidityd makes prices of its own for genuine deposits, and attestd whatever it
// likes, bounded by the caps.
//
// The memory protects only as long as it is whole: it must never be restored from
// a backup or copied to a second signer. Open refuses to start without it. The log has
// room for about ten million lines; a caller that fills it with refusals stops the signer.
//
// # Imports
//
// It imports swap and its leaves, swap/rpc, hotwallet/keys, btcd's and
// go-ethereum's code for transactions and the curve, hotwallet/durable, filippo.io/age, x/sync and bbolt. Only cmd and tests
// import it.
package signer
