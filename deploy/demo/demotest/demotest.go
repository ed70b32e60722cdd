// Package demotest starts real nodes for the demo's tests. It is imported by
// tests only.
package demotest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/parts"
	"ferry/deploy/parts/partstest"
	"ferry/swap/asset"
)

// limit bounds each test on real nodes; it is reached only when something is broken.
const limit = 3 * time.Minute

// Networks are those of the demo.
var Networks = asset.Networks{Bitcoin: "simnet", Litecoin: "regtest", BitcoinCash: "simnet", EthereumChainID: parts.GethChainID}

// TokenNetworks are Networks with the tokens that the faucet makes.
func TokenNetworks() asset.Networks {
	networks := Networks
	networks.Tokens = faucet.Tokens()
	return networks
}

// UTXO starts the node of Bitcoin or a sibling.
func UTXO(t *testing.T, chain asset.Chain, dir string) bitcoin.NodeConfig {
	t.Helper()
	switch chain {
	case asset.Litecoin:
		return litecoind(t, dir)
	case asset.BitcoinCash:
		return bchd(t, dir)
	case asset.Bitcoin, asset.Ethereum:
	}
	_, cfg := Btcd(t, dir)
	return cfg
}

func litecoind(t *testing.T, dir string) bitcoin.NodeConfig {
	t.Helper()
	l, err := parts.StartLitecoind(Context(t), parts.LitecoindConfig{
		Path: partstest.Litecoind(t), Dir: filepath.Join(dir, "litecoind"), LogFile: filepath.Join(dir, "litecoind.log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ended(t, l.Kill()) })
	return bitcoin.NodeConfig{URL: "http://" + l.RPCAddress(), User: l.RPCUser(), Password: l.RPCPassword(), Chain: asset.Litecoin}
}

func bchd(t *testing.T, dir string) bitcoin.NodeConfig {
	t.Helper()
	mining, err := faucet.MiningAddress(asset.BitcoinCash, Networks)
	if err != nil {
		t.Fatal(err)
	}
	b, err := parts.StartBchd(Context(t), parts.BchdConfig{
		Path: partstest.Program(t, "bchd"), Dir: filepath.Join(dir, "bchd"), LogFile: filepath.Join(dir, "bchd.log"), MiningAddress: mining,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ended(t, b.Kill()) })
	return bitcoin.NodeConfig{URL: "http://" + b.RPCAddress(), User: b.RPCUser(), Password: b.RPCPassword(), Chain: asset.BitcoinCash}
}

// Context ends with the test, or at the limit.
func Context(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// Btcd starts a node in a folder, mining to the faucet, and kills it after the test.
func Btcd(t *testing.T, dir string) (*parts.Btcd, bitcoin.NodeConfig) {
	t.Helper()
	mining, err := faucet.BitcoinMiningAddress(Networks)
	if err != nil {
		t.Fatal(err)
	}
	b, err := parts.StartBtcd(Context(t), parts.BtcdConfig{
		Path: partstest.Program(t, "btcd"), Dir: filepath.Join(dir, "btcd"), LogFile: filepath.Join(dir, "btcd.log"), MiningAddress: mining,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ended(t, b.Kill()) })
	return b, bitcoin.NodeConfig{URL: "http://" + b.RPCAddress(), User: b.RPCUser(), Password: b.RPCPassword()}
}

// Geth starts a node and kills it after the test; the answer is its URL.
func Geth(t *testing.T, dir string) string {
	t.Helper()
	g, err := parts.StartGeth(Context(t), parts.GethConfig{
		Path: partstest.Program(t, "geth"), Dir: filepath.Join(dir, "geth"), LogFile: filepath.Join(dir, "geth.log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ended(t, g.Kill()) })
	return g.HTTPURL()
}

func ended(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}
