// Package fakechain is a public chain in memory, for the tests of everything
// that uses a chain.Adapter. One constructor makes a UTXO chain that calls itself
// bitcoin, the other an account chain that calls itself ethereum.
//
// A test scripts what public chains do on their own: blocks, payments by
// strangers, replacements, evictions, a market for room in blocks, reorganisations,
// failed transactions, and nodes that are away or lose an answer. What the adapter sees follows rules of
// its own, so conflicts, nonces, balances and dust are real even though
// signatures are not.
//
// It promises to be deterministic: hashes come from content and seed, time from
// the clock it is given. It is safe for concurrent use.
//
// Methods that script the chain panic on misuse, such as a second output on the
// account chain: that is a mistake in the test.
//
// It imports hotwallet/chain, swap/asset and btcd's address codec.
package fakechain
