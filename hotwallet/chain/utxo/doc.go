// Package bitcoin is the chain.Adapter for Bitcoin over JSON-RPC: btcd with
// --txindex, or Bitcoin Core with -txindex=1 as far as the calls coincide.
//
// It promises that what it reads from a node is checked against itself: a block
// must hash to the hash asked for and its transactions to its Merkle root; a
// previous transaction must hash to its id; an output is ours only if its script
// is, byte for byte, the one that pays the address.
//
// The RPC client is a small one of its own, over net/http. btcd's rpcclient takes
// no context, retries by itself inside one queue (a broadcast too), reads bodies
// of any length and opens a connection for each call; none of these can be
// configured away.
//
// It imports hotwallet/chain, swap/asset and btcd's wire, txscript and address.
package bitcoin
