package litecoin_test

import (
	"path/filepath"
	"testing"
	"time"

	"ferry/deploy/parts"
	"ferry/deploy/parts/partstest"
	"ferry/hotwallet/chain/chaintest"
	"ferry/hotwallet/chain/chaintest/utxotest"
	"ferry/hotwallet/chain/litecoin"
	"ferry/hotwallet/chain/utxo"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	n, a := startNode(t, false)
	chaintest.Run(t, utxotest.NewHarness(t, n, a))
}

// The main network has extension blocks for ever.
func TestConformanceWithExtensionBlocks(t *testing.T) {
	t.Parallel()
	n, a := startNode(t, true)
	utxotest.Begin(t, n)
	n.Ready = utxotest.ExtensionBlocks
	chaintest.Run(t, utxotest.NewHarness(t, n, a))
}

// startNode starts a litecoind with an empty chain, and an adapter on it.
func startNode(t *testing.T, mweb bool) (*utxotest.Node, *utxo.Adapter) {
	t.Helper()
	kind, dir := utxotest.Litecoin(t), t.TempDir()
	p, err := parts.StartLitecoind(t.Context(), parts.LitecoindConfig{Path: partstest.Litecoind(t), Dir: filepath.Join(dir, "litecoind"),
		LogFile: filepath.Join(dir, "log"), MWEB: mweb})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	a, err := litecoin.New(utxo.Config{URL: "http://" + p.RPCAddress(), User: p.RPCUser(), Pass: p.RPCPassword(), Networks: kind.Networks, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return utxotest.New(t, kind, p.RPCAddress(), p.RPCUser(), p.RPCPassword()), a
}
