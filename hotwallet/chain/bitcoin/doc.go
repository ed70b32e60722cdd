// Package bitcoin is the chain.Adapter for Bitcoin: the UTXO family with Bitcoin's
// networks, addresses and limits. Our coins are P2WPKH.
//
// It imports hotwallet/chain/utxo and swap/asset.
package bitcoin
