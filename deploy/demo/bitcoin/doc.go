// Package bitcoin is what the demo's faucet and the demo's wallet share, for Bitcoin
// and its siblings Litecoin and Bitcoin Cash: a node asked over JSON-RPC, keys, and a
// payment built and signed from coins. NodeConfig.Chain says which chain it is.
//
// It promises that every call honours its context and is bounded in size, that
// handing in the same transaction twice is no error, and that amounts never pass
// through a float: values are read from transactions, not from a node's JSON.
//
// It is not Ferry's chain adapter (hotwallet/chain/utxo) and shares no code
// with it on purpose: the demo plays the part of a stranger, and what a stranger
// sees must not depend on the code under demonstration. It imports swap/asset
// and btcd's libraries only.
package bitcoin
