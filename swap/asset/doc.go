// Package asset is the leaf of the vocabulary: chains, assets, exact amounts
// and addresses.
//
// It promises that an amount never passes through a float, never overflows
// silently and never loses its asset, and that an address which parses is one
// the named network would accept and Ferry is able to pay.
//
// It imports the standard library, holiman/uint256, and the address codecs of
// btcd and golang.org/x/crypto; nothing else of Ferry.
package asset
