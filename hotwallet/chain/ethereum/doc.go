// Package ethereum is the chain.Adapter for Ethereum over JSON-RPC: ether only,
// by top-level transfers.
//
// It promises that what decides about money is checked against itself: a header
// must hash to the block's hash, its transactions and receipts must be the ones
// the header commits to, and senders are recovered from signatures. A node or a
// proxy that changes, hides or repeats any of them is noticed. Balances, pending
// transactions and fees are the node's word.
//
// Ether that arrives in another way (calls inside a transaction, withdrawals,
// rewards) is not credited; it shows as a difference to Held.
//
// It imports hotwallet/chain, swap/asset and go-ethereum's rpc, core/types and
// trie.
package ethereum
