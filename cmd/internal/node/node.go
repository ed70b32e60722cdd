// Package node makes the adapter to a chain's node from the settings of a daemon. Two
// daemons ask nodes: hotwalletd, and attestd its own, under names with a prefix.
//
// It imports the chains' adapters, hotwallet/chain, hotwallet/fee, deploy/deployment,
// swap/asset and cmd/internal/daemon.
package node

import (
	"fmt"
	"log/slog"

	"ferry/cmd/internal/daemon"
	"ferry/deploy/deployment"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/bitcoin"
	"ferry/hotwallet/chain/bitcoincash"
	"ferry/hotwallet/chain/ethereum"
	"ferry/hotwallet/chain/litecoin"
	"ferry/hotwallet/chain/utxo"
	"ferry/hotwallet/fee"
	"ferry/swap/asset"
)

// utxoChains are the chains whose nodes are spoken to alike: what their settings begin
// with, what they are called, and what makes the adapter.
var utxoChains = map[asset.Chain]struct {
	prefix, node string
	new          func(utxo.Config) (*utxo.Adapter, error)
}{
	asset.Bitcoin:     {"BITCOIN", "a Bitcoin node's RPC address", bitcoin.New},
	asset.Litecoin:    {"LITECOIN", "a Litecoin node's RPC address", litecoin.New},
	asset.BitcoinCash: {"BITCOINCASH", "a Bitcoin Cash node's RPC address", bitcoincash.New},
}

// Adapter is a chain's adapter whose node says what it runs.
type Adapter interface {
	chain.Adapter
	chain.Identified
}

// Open speaks to the chain's node, which the settings name that begin with the prefix:
// <prefix>BITCOIN_URL and so on. Fees that are zero are the adapters' own, for whoever plans
// nothing. What it tells besides goes to the log. It does not call the node.
func Open(s *daemon.Settings, prefix string, name asset.Chain, n asset.Networks, fees deployment.Fees, log *slog.Logger) (Adapter, error) {
	if u, ok := utxoChains[name]; ok {
		c := utxo.Config{URL: s.Need(prefix+u.prefix+"_URL", u.node), User: s.Or(prefix+u.prefix+"_USER", ""),
			Pass: s.Or(prefix+u.prefix+"_PASSWORD", ""), Networks: n, Quarantined: tellQuarantined(log),
			FeeFallback: fees.Fallback, FeeCap: fees.Ceiling, ConfirmTarget: fees.TargetBlocks}
		if err := s.Err(); err != nil {
			return nil, err
		}
		return u.new(c)
	}
	if name == asset.Ethereum {
		c := ethereum.Config{URL: s.Need(prefix+"ETHEREUM_URL", "an Ethereum node's HTTP RPC address"), Networks: n, FeeCapMax: fees.Ceiling,
			Traces: ethereum.Traces(s.Or(prefix+"ETHEREUM_TRACES", string(ethereum.TracesAuto)))}
		if err := s.Err(); err != nil {
			return nil, err
		}
		return ethereum.New(c)
	}
	return nil, fmt.Errorf("chain %q is not one of bitcoin, litecoin, bitcoincash, ethereum", name)
}

// FeeSource is the service from outside that a UTXO chain's fees are compared with, which
// <chain>_FEES_URL names; nil for none.
func FeeSource(s *daemon.Settings, name asset.Chain) (*fee.Web, error) {
	u, ok := utxoChains[name]
	if !ok {
		return nil, nil //nolint:nilnil // no source is a choice
	}
	address := s.Or(u.prefix+"_FEES_URL", "")
	if address == "" {
		return nil, nil //nolint:nilnil // likewise
	}
	web, err := fee.NewWeb(address)
	if err != nil {
		return nil, fmt.Errorf("%s_FEES_URL: %w", u.prefix, err)
	}
	return web, nil
}

// Set reports whether a chain's node is named under a prefix.
func Set(s *daemon.Settings, prefix string, name asset.Chain) bool {
	if u, ok := utxoChains[name]; ok {
		return s.Or(prefix+u.prefix+"_URL", "") != ""
	}
	return name == asset.Ethereum && s.Or(prefix+"ETHEREUM_URL", "") != ""
}

// tellQuarantined leaves a trace of what was sent to us with tokens on it: it is in
// no book, and a person may send it back.
func tellQuarantined(log *slog.Logger) func(utxo.Quarantined) {
	return func(q utxo.Quarantined) {
		log.Warn("an output to us carries tokens; it is neither credited nor spent",
			"coin", chain.CoinID(q.TxID, q.Index), "units", q.Units.String(), "block", q.Block.String())
	}
}
