package bitcoin_test

import (
	"errors"
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

// TestFees: a plan offers what btcd relays at least, whatever is wanted, and is not made
// where that is above the cap. A higher fee replaces, and what was replaced conflicts from
// then on.
func TestFees(t *testing.T) {
	t.Parallel()
	h, cfg := newHarness(t)
	a := h.NewAddress(t)
	units := asset.NewUnits(100_000)
	funds := chain.Funds{
		Coins: []chain.Coin{{TxID: h.Pay(t, a.Address, units), Units: units, Address: a.Address}}, ChangeAddress: a.Address,
	}
	h.Mine(t, 1)
	plan := func(least, most uint64, rate chain.Rate) (chain.Plan, error) {
		cfg.FeeFloor, cfg.FeeFallback, cfg.FeeCap = least, least, most
		at, err := bitcoin.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		r := chain.Pay(chain.Output{Destination: h.Miner.Address, Asset: asset.BTC, Units: asset.NewUnits(50_000)}, units)
		r.Rate = rate
		return at.Plan(t.Context(), funds, r)
	}
	if p, err := plan(1, 999, 1); !errors.Is(err, chain.ErrFeeMax) {
		t.Errorf("a cap below the relay's least: %+v, %v", p, err)
	}
	attempt := func(least, most uint64, rate, want chain.Rate) []byte {
		p, err := plan(least, most, rate)
		if err != nil || p.Rate < want || p.Rate > want+want/50 {
			t.Fatalf("rate %d for %d, within %d to %d: offers %d, want %d", rate, rate, least, most, p.Rate, want)
		}
		raw, _ := h.Sign(t, p)
		return raw
	}
	least, dear := attempt(1, 9000, 1, 1000), attempt(1, 9000, 100_000, 9000)
	for _, step := range []struct {
		raw  []byte
		want chain.Acceptance
	}{{least, chain.Accepted}, {dear, chain.Accepted}, {least, chain.Conflicting}, {dear, chain.Accepted}} {
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
