// Package config is what of liquidityd's policy people change while it runs: pairs,
// venues, what is subscribed to at them, spreads, limits, and what hedging trades by.
//
// A State is all of it. What the environment and the deployment's file say is version 0;
// every later version is a Document, which names by its path each setting that differs
// from that. So a setting that no version names follows the file.
//
// It promises that State.With takes a document over as a whole or not at all, naming every
// setting that is wrong with what is wrong and which limit it breaks; that what it takes
// over passes liquidity.Config.Validate and hedge.Policies.Validate; that no version prices
// below a pair's floor, or hedges by more than the deployment's file allows; and that applying
// the difference of two documents to the first gives the second.
//
// It is pure. It imports liquidity, liquidity/hedge and swap/asset.
package config
