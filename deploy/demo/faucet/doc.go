// Package faucet gives away worthless coins of development chains: it mines on a
// btcd or bchd simnet or a litecoind regtest and pays from what it mined, and pays from the developer account
// of `geth --dev`, in ether and in tokens that it has made there. The demo and whoever
// tries Ferry by hand are funded by it.
//
// It promises to work on a chain that an earlier run left on disk, to spend
// mature coinbase outputs only, and never to spend one twice: what the chain or
// the mempool shows as spent is passed over, and a coin lost to another process
// in between is replaced. It refuses any network on which coins are worth
// something.
//
// It imports deploy/demo/bitcoin, deploy/parts (geth's developer account),
// swap/asset and go-ethereum.
package faucet
