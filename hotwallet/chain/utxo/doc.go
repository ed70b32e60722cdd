// Package utxo is what the adapters of Bitcoin and its relatives share: it reads
// blocks and mempools, plans payments and hands them in, over JSON-RPC: btcd with
// --txindex and its fork bchd, or the daemons of the Bitcoin Core family with
// -txindex=1 as far as the calls coincide. In what a chain differs is its Rules,
// which chain/bitcoin, chain/litecoin and chain/bitcoincash give.
//
// It promises that what it reads from a node is checked against itself: a block
// must hash to the hash asked for and its transactions to its Merkle root; a
// previous transaction must hash to its id; an output is ours only if its script
// is, byte for byte, the one that pays the address.
//
// The node is polled. No push feed is needed, and none is trusted: Debian's
// litecoind has none (no ZMQ), and btcd's forgets its filter when it reconnects.
//
// The RPC client is a small one of its own, over net/http. btcd's rpcclient takes
// no context, retries by itself inside one queue (a broadcast too), reads bodies
// of any length and opens a connection for each call; none of these can be
// configured away.
//
// It imports hotwallet/chain, hotwallet/keys, swap/asset and btcd's wire, txscript and address.
package utxo
