package faucet

import (
	"fmt"

	"ferry/deploy/demo/bitcoin"
	"ferry/swap/asset"
)

// miningKey is published here, so coins sent to it belong to everybody: that is
// its purpose, as with geth's developer key. It is fixed, not random, because a
// node mines to an address it was started with and keeps its chain on disk: with
// a new key each time, a second start could not spend what the first one mined.
// btcd has no wallet that could keep one. The text is 32 bytes long.
const miningKey = "ferry's faucet is worth nothing!"

// BitcoinMiningAddress is what a development node's --miningaddr must be for
// this faucet to spend what it mines. It refuses networks whose coins have a
// price.
func BitcoinMiningAddress(networks asset.Networks) (string, error) {
	key, err := bitcoinKey(networks)
	return key.Address(), err
}

func bitcoinKey(networks asset.Networks) (bitcoin.Key, error) {
	if networks.Bitcoin != "simnet" && networks.Bitcoin != "regtest" {
		return bitcoin.Key{}, fmt.Errorf("the faucet's key is public: it mines on simnet and regtest, not on %q", networks.Bitcoin)
	}
	return bitcoin.KeyOf([32]byte([]byte(miningKey)), networks)
}
