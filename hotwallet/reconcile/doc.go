// Package reconcile compares the hot wallet's books with what the node itself
// says our coins or addresses hold, after each block at the tip.
//
// It promises that a difference is stored and halts the chain's payments within
// one block, and that a comparison which would mix two branches is never made.
// It never resumes. It imports hotwallet/chain and swap/asset.
package reconcile
