package bitcoincash_test

import (
	"path/filepath"
	"testing"
	"time"

	"ferry/deploy/parts"
	"ferry/deploy/parts/partstest"
	"ferry/hotwallet/chain/bitcoincash"
	"ferry/hotwallet/chain/chaintest"
	"ferry/hotwallet/chain/chaintest/utxotest"
	"ferry/hotwallet/chain/utxo"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	kind, dir := utxotest.BitcoinCash(t), t.TempDir()
	p, err := parts.StartBchd(t.Context(), parts.BchdConfig{Path: partstest.Program(t, "bchd"), Dir: filepath.Join(dir, "bchd"),
		LogFile: filepath.Join(dir, "log"), MiningAddress: kind.Key(t, 0).Address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	a, err := bitcoincash.New(utxo.Config{URL: "http://" + p.RPCAddress(), User: p.RPCUser(), Pass: p.RPCPassword(), Networks: kind.Networks, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	chaintest.Run(t, utxotest.NewHarness(t, utxotest.New(t, kind, p.RPCAddress(), p.RPCUser(), p.RPCPassword()), a))
}
