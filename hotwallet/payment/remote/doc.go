// Package remote has payments signed by signerd, over its call.
//
// It promises that bytes it returns are the plan's transaction with signatures
// added and nothing else changed, under the txid that the network will know them
// by: an answer that is not is an error, and is never handed to a node.
//
// It imports hotwallet/payment, hotwallet/chain, swap/rpc and the transaction
// codecs of btcd and go-ethereum.
package remote
