// Package keys derives addresses from extended public keys, and fixes which path
// is for what. It holds no private key: the hot wallet and attestd use it alike,
// each from its own copy of the public keys, so that one can check the other.
//
// It also knows which form an address of one chain has on another, where the same key
// spends what comes there by mistake.
//
// It imports swap/asset, btcd's hdkeychain, address and txscript, and the
// standard library.
package keys
