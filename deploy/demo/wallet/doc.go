// Package wallet is the user's side of the demo: a throw-away wallet on Bitcoin
// and its siblings and one on Ethereum, for ether and tokens, that make keys of their own, sign their own deposits, hand
// them to the nodes themselves and receive each payout at a fresh address, so
// that what arrived there is exactly what was paid.
//
// Its keys are random, live in memory and are gone with the process, together
// with the coins: it is for chains on which coins are worth nothing. It shares
// no code with Ferry's hot wallet or signer, since it plays somebody who trusts
// neither. It imports deploy/demo/bitcoin, swap/asset, and go-ethereum.
package wallet
