// Package treasury is what the house does with the hot wallet of a chain: where
// to fund it, what it holds, and stopping it.
//
// It promises that a funding address is watched before it is shown; that balances
// are sums over the books of each asset, never a number kept beside them; and that every halt
// and resume names who did it and why. What it publishes is the newest value
// only: losing one costs nothing.
//
// It imports swap, swap/bus, hotwallet/keys and hotwallet/chain.
package treasury
