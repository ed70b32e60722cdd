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

// BitcoinMiningAddress is MiningAddress on Bitcoin.
func BitcoinMiningAddress(networks asset.Networks) (string, error) {
	return MiningAddress(asset.Bitcoin, networks)
}

// MiningAddress is what a development node's --miningaddr must be for this faucet to
// spend what it mines. It refuses networks whose coins have a price.
func MiningAddress(chain asset.Chain, networks asset.Networks) (string, error) {
	key, err := miningKeyOn(chain, networks)
	return key.Address(), err
}

func miningKeyOn(chain asset.Chain, networks asset.Networks) (bitcoin.Key, error) {
	if name := networks.Name(chain); name != "simnet" && name != "regtest" {
		return bitcoin.Key{}, fmt.Errorf("the faucet's key is public: it mines on simnet and regtest, not on %q", name)
	}
	return bitcoin.KeyOf([32]byte([]byte(miningKey)), chain, networks)
}
