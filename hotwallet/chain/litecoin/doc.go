// Package litecoin is the chain.Adapter for Litecoin: the UTXO family with
// Litecoin's networks, addresses and limits, and its blocks, which since block
// 2,265,984 of the main network (432 of regtest) end with a "HogEx" transaction and
// the extension block's data (MWEB, LIP-2 to LIP-4). Our coins are P2WPKH.
//
// What lies in the extension block is nobody's of ours: deposits are ordinary
// outputs. A peg-out to an address of ours is an output of the HogEx. Nodes do not
// let it be spent at once, and a fault of the extension block takes it back, so it
// is held as long as a reward.
//
// The extension's own data are passed over and not checked: the header commits to
// the HogEx, which commits to them, and no credit rests on what they say.
//
// It imports hotwallet/chain/utxo and swap/asset.
package litecoin
