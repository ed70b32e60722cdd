package liquidity_test

import (
	"crypto/ed25519"
	"log/slog"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/postgres"
	"ferry/swap"
	"ferry/swap/asset"
)

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	if err := liquidity.Default().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	btc := func(units uint64) asset.Amount { return asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(units)} }
	for name, change := range map[string]func(*liquidity.Config){
		"no pairs":           func(c *liquidity.Config) { c.Pairs = nil },
		"pair twice":         func(c *liquidity.Config) { c.Pairs[1] = c.Pairs[0] },
		"unknown asset":      func(c *liquidity.Config) { c.Pairs[0].Pair.To = "DOGE" },
		"pair of one":        func(c *liquidity.Config) { c.Pairs[0].Pair.To = asset.BTC },
		"fees missing":       func(c *liquidity.Config) { delete(c.Fees, asset.ETH) },
		"negative spread":    func(c *liquidity.Config) { c.Pairs[0].SpreadBPS = -1 },
		"spread of 11 %":     func(c *liquidity.Config) { c.Pairs[0].SpreadBPS = 1100 },
		"fee of 11 %":        func(c *liquidity.Config) { c.Pairs[0].FeeBPS = 1100 },
		"min in other asset": func(c *liquidity.Config) { c.Pairs[0].Min.Asset = asset.ETH },
		"max in other asset": func(c *liquidity.Config) { c.Pairs[0].Max.Asset = asset.ETH },
		"min zero":           func(c *liquidity.Config) { c.Pairs[0].Min = btc(0) },
		"max below min":      func(c *liquidity.Config) { c.Pairs[0].Max = btc(19_999) },
		"fee in other asset": func(c *liquidity.Config) { c.Fees[asset.ETH] = liquidity.Fees{Network: btc(1), RefundMax: btc(1)} },
		"fee of nine places": func(c *liquidity.Config) {
			f := c.Fees[asset.ETH]
			f.Network.Units = asset.NewUnits(1_000_000_001)
			c.Fees[asset.ETH] = f
		},
		"no deposit window":    func(c *liquidity.Config) { c.DepositWindowSeconds = 0 },
		"windows out of order": func(c *liquidity.Config) { c.ConfirmWindowSeconds = c.DepositWindowSeconds - 1 },
		"endless window":       func(c *liquidity.Config) { c.ConfirmWindowSeconds = 8 * 24 * 3600 },
		"no lock time":         func(c *liquidity.Config) { c.LockFor = 0 },
		"endless lock":         func(c *liquidity.Config) { c.LockFor = time.Hour },
		"no locks":             func(c *liquidity.Config) { c.MaxLocksPerClient = 0 },
		"no staleness":         func(c *liquidity.Config) { c.BalanceStaleAfter = 0 },
	} {
		c := liquidity.Default()
		change(&c)
		if err := c.Validate(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	good := liquidity.Parts{Store: postgres.New(nil, time.Now), Sources: []liquidity.Source{venue{}}, Key: key, AttestKeys: swap.PublicKeys{"k": nil},
		Brokers: []string{"127.0.0.1:1"}, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	if _, err := liquidity.New(liquidity.Default(), good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*liquidity.Config, *liquidity.Parts){
		"bad configuration": func(c *liquidity.Config, _ *liquidity.Parts) { c.Pairs = nil },
		"no store":          func(_ *liquidity.Config, p *liquidity.Parts) { p.Store = nil },
		"no log":            func(_ *liquidity.Config, p *liquidity.Parts) { p.Log = nil },
		"no clock":          func(_ *liquidity.Config, p *liquidity.Parts) { p.Now = nil },
		"no brokers":        func(_ *liquidity.Config, p *liquidity.Parts) { p.Brokers = nil },
		"no key":            func(_ *liquidity.Config, p *liquidity.Parts) { p.Key = nil },
		"no attestor":       func(_ *liquidity.Config, p *liquidity.Parts) { p.AttestKeys = nil },
		"no source":         func(_ *liquidity.Config, p *liquidity.Parts) { p.Sources = nil },
		"a source twice":    func(_ *liquidity.Config, p *liquidity.Parts) { p.Sources = []liquidity.Source{venue{}, venue{}} },
	} {
		c, p := liquidity.Default(), good
		change(&c, &p)
		if _, err := liquidity.New(c, p); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
