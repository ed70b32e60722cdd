// Package chaintest is the suite that every chain.Adapter passes, on the software
// that it will meet: the fake chain in memory, btcd and geth.
//
// A Harness is a chain with keys: it plays the strangers, the miners and the
// accidents. Its keys are made for the test; hotwallet/signer has no part in it.
//
// It imports hotwallet/chain and swap/asset.
package chaintest
