// Package hotwallet is the name of the tier of custody that programs can reach.
// Its parts are packages of their own:
//
//	chain/    what every chain adapter offers; one package per chain below it
//	chaincases/ the known attacks on deposits, on real nodes; only tests
//	keys/     derivation paths and public derivation, without any private key
//	issue/    a pool of addresses, each given to one swap with a receipt
//	watch/    blocks to deposits, facts and postings, from a cursor
//	payment/  orders to transactions that pay exactly once
//	treasury/ funding addresses, balances, halts
//	reconcile/ the books against the node, at a block
//	attest/   the second process that re-derives addresses and signs receipts
//	signer/   the process that holds the keys and the rules for using them
//	postgres/ the store of all of these but attest and signer
package hotwallet
