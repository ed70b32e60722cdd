// Package utxotest drives a node of the UTXO family for tests: btcd, litecoind or
// bchd. It plays the strangers, their wallets and the miners, on transactions and
// blocks made by hand where the node would make no such ones.
//
// The test starts the node; this package is told how to reach it. Its keys are fixed
// by number, so a failing run can be repeated; hotwallet/signer has no part in it.
//
// It is imported by tests only. It imports hotwallet/chain, chain/chaintest,
// swap/asset, and btcd's libraries.
package utxotest
