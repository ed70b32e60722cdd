// Package chain says what the hot wallet needs of a public chain: to read whole
// blocks, to look at the mempool, to plan a payment and to hand in its bytes.
//
// An adapter (chain/bitcoin, chain/ethereum, chain/fakechain) keeps no state that
// matters: what was seen, which coins are spent and which nonce is next live in
// Postgres. Adapters never import one another; package chaintest is the suite
// that each of them passes.
//
// It imports swap and swap/asset only.
package chain
