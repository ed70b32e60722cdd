// Package verify is what a client checks alone, with nothing but the documents it
// was given, public keys pinned beforehand, and its own clock: that a quote is
// what was asked for and still holds, and that a deposit address belongs to
// exactly its own swap.
//
// It promises that whatever passes may be paid on without trusting the gateway,
// a database or the network, and that everything else is a *Refusal that names
// the field and the reason. Wallets, the gateway and `ferry verify` all use it;
// docs/verification.md tells the same in words, and testdata/vectors has cases
// for other languages.
//
// It imports swap and swap/asset, and calls nobody.
package verify

//go:generate go run ./vectors ../testdata/vectors/vectors.json
