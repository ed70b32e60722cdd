// Package node makes the adapter to a chain's node from the settings of a daemon. Two
// daemons ask nodes: hotwalletd, and attestd its own, under names with a prefix.
//
// It imports the chains' adapters, swap/asset and cmd/internal/daemon.
package node

import (
	"fmt"

	"ferry/cmd/internal/daemon"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/bitcoin"
	"ferry/hotwallet/chain/ethereum"
	"ferry/swap/asset"
)

// Adapter is a chain's adapter whose node says what it runs.
type Adapter interface {
	chain.Adapter
	chain.Identified
}

// Open reads <prefix>BITCOIN_URL, <prefix>ETHEREUM_URL and what belongs to them. It
// does not call the node.
func Open(s *daemon.Settings, prefix string, name asset.Chain, n asset.Networks) (Adapter, error) {
	switch name {
	case asset.Bitcoin:
		c := bitcoin.Config{URL: s.Need(prefix+"BITCOIN_URL", "a Bitcoin node's RPC address"), User: s.Or(prefix+"BITCOIN_USER", ""),
			Pass: s.Or(prefix+"BITCOIN_PASSWORD", ""), Networks: n}
		if err := s.Err(); err != nil {
			return nil, err
		}
		return bitcoin.New(c)
	case asset.Ethereum:
		c := ethereum.Config{URL: s.Need(prefix+"ETHEREUM_URL", "an Ethereum node's HTTP RPC address"), Networks: n,
			Traces: ethereum.Traces(s.Or(prefix+"ETHEREUM_TRACES", string(ethereum.TracesAuto)))}
		if err := s.Err(); err != nil {
			return nil, err
		}
		return ethereum.New(c)
	}
	return nil, fmt.Errorf("chain %q is not one of bitcoin, ethereum", name)
}

// Set reports whether a chain's node is given under a prefix.
func Set(s *daemon.Settings, prefix string, name asset.Chain) bool {
	return s.Or(prefix+urlOf[name], "") != ""
}

var urlOf = map[asset.Chain]string{asset.Bitcoin: "BITCOIN_URL", asset.Ethereum: "ETHEREUM_URL"}
