package bitcoin_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ferry/deploy/parts"
	"ferry/deploy/parts/partstest"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/bitcoin"
	"ferry/hotwallet/chain/chaintest"
	"ferry/hotwallet/chain/chaintest/utxotest"
	"ferry/hotwallet/chain/utxo"
	"ferry/swap/asset"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	h, _ := newHarness(t)
	chaintest.Run(t, h)
}

// newHarness starts a btcd with an empty chain. The configuration reaches it.
func newHarness(t *testing.T) (*utxotest.Harness, utxo.Config) {
	t.Helper()
	kind, dir := utxotest.Bitcoin(t), t.TempDir()
	p, err := parts.StartBtcd(t.Context(), parts.BtcdConfig{Path: partstest.Program(t, "btcd"), Dir: filepath.Join(dir, "btcd"),
		LogFile: filepath.Join(dir, "log"), MiningAddress: kind.Key(t, 0).Address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	cfg := utxo.Config{URL: "http://" + p.RPCAddress(), User: p.RPCUser(), Pass: p.RPCPassword(), Networks: kind.Networks, Timeout: time.Minute}
	a, err := bitcoin.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return utxotest.NewHarness(t, utxotest.New(t, kind, p.RPCAddress(), p.RPCUser(), p.RPCPassword()), a), cfg
}

// TestFees: below the relay minimum btcd refuses; a higher fee replaces, and what
// was replaced conflicts from then on.
func TestFees(t *testing.T) {
	t.Parallel()
	h, cfg := newHarness(t)
	a := h.NewAddress(t)
	units := asset.NewUnits(100_000)
	funds := chain.Funds{
		Coins: []chain.Coin{{TxID: h.Pay(t, a.Address, units), Units: units, Address: a.Address}}, ChangeAddress: a.Address,
	}
	h.Mine(t, 1)
	attempt := func(rate uint64) []byte {
		cfg.FeeFloor, cfg.FeeFallback, cfg.FeeCap = rate, rate, rate
		at, err := bitcoin.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		p, err := at.Plan(t.Context(), funds, chain.Request{
			Destination: h.Miner.Address, Asset: asset.BTC, Units: asset.NewUnits(50_000), FeeMax: units,
		})
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := h.Sign(t, p)
		return raw
	}
	cheap, usual, dear := attempt(1), attempt(2000), attempt(8000)
	for _, step := range []struct {
		raw  []byte
		want chain.Acceptance
	}{
		{cheap, chain.Rejected}, {usual, chain.Accepted}, {dear, chain.Accepted},
		{usual, chain.Conflicting}, {dear, chain.Accepted},
	} {
		if got, err := h.Adapter().Broadcast(t.Context(), step.raw); got != step.want {
			t.Fatalf("%s (%v), want %s", got, err, step.want)
		}
	}
	h.Mine(t, 1)
}

// TestNetworks: the main network has a block after Bitcoin Cash left; a network that
// is not known is refused.
func TestNetworks(t *testing.T) {
	t.Parallel()
	for network, want := range map[string]string{"mainnet": "", "simnet": "", "moon": `network "moon"`} {
		_, err := bitcoin.New(utxo.Config{URL: "http://127.0.0.1:1", Networks: asset.Networks{Bitcoin: network}})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", network, err)
		}
	}
}
