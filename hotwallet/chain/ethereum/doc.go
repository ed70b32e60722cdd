// Package ethereum is the chain.Adapter for Ethereum over JSON-RPC: ether, by what blocks
// do to the balances of our addresses, and the tokens whose contracts the deployment
// pins, by their logs and balances.
//
// It promises that what decides about money is checked against itself: a header
// must hash to the block's hash, its transactions, receipts and withdrawals must be
// the ones the header commits to, and senders are recovered from signatures. A node
// or a proxy that changes, hides or repeats any of them is noticed. What contracts
// pay is in no header: it is the word of the node's tracer, which has to name the
// block's transactions in their order, must not contradict them, and is compared
// with the balances before and after. Balances, pending transactions and fees are
// the node's word.
//
// Credited is what a transaction leaves at an address, net: its own transfer, and
// whatever its execution adds, as one credit; no log counts for ether. What takes from
// an address of ours without its signature is a debit. A token is credited by a Transfer
// of its pinned contract, in receipts that the header commits to, which the contract's
// balances before and after the block bear out; anything else is a chain.Doubt.
// docs/ethereum.md has the reasons, and what a node without traces does not show.
//
// It imports hotwallet/chain, swap/asset, errgroup and go-ethereum's rpc, core/types
// and trie.
package ethereum
