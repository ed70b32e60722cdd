package deployment_test

import (
	"strings"
	"testing"

	"ferry/deploy/deployment"
	"ferry/swap/asset"
)

// What a deposit needs is each chain's confirmations, and a second kind of software
// above each asset's own limit; an asset without one never needs it.
func TestDepositRules(t *testing.T) {
	t.Parallel()
	d := withToken()
	bitcoin, ethereum := d.Chains[asset.Bitcoin], d.Chains[asset.Ethereum]
	bitcoin.SecondSoftwareAbove = "0.5"
	token := ethereum.Tokens[asset.USDT]
	token.SecondSoftwareAbove = "20000"
	ethereum.Tokens[asset.USDT] = token
	d.Chains[asset.Bitcoin], d.Chains[asset.Ethereum] = bitcoin, ethereum
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	rules, err := d.DepositRules()
	if err != nil {
		t.Fatal(err)
	}
	for chain, c := range d.Chains {
		if rules.Confirmations[chain] != c.Confirmations {
			t.Errorf("%s needs %d confirmations, want %d", chain, rules.Confirmations[chain], c.Confirmations)
		}
		if rules.Dead[chain] != max(c.Confirmations, c.ReorgLimit+1) {
			t.Errorf("payments on %s are dead after %d blocks: a reorganisation takes back %d", chain, rules.Dead[chain], c.ReorgLimit)
		}
	}
	for _, c := range []struct {
		deposit asset.Amount
		second  bool
	}{
		{asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(50_000_000)}, false},
		{asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(50_000_001)}, true},
		{asset.Amount{Asset: asset.USDT, Units: asset.NewUnits(20_000_000_001)}, true},
		{asset.Amount{Asset: asset.ETH, Units: asset.MustUnits("1000000000000000000000000")}, false},
	} {
		if got := rules.NeedsSecond(c.deposit); got != c.second {
			t.Errorf("%s needs a second: %v", c.deposit, got)
		}
	}
	for name, spoil := range map[string]func(*deployment.Chain){
		"chains.bitcoin": func(c *deployment.Chain) { c.SecondSoftwareAbove = "much" },
		"places":         func(c *deployment.Chain) { c.SecondSoftwareAbove = "0.000000001" },
	} {
		wrong := bitcoin
		spoil(&wrong)
		d.Chains[asset.Bitcoin] = wrong
		if err := d.Validate(); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "second_software_above") {
			t.Errorf("%s: %v", wrong.SecondSoftwareAbove, err)
		}
	}
}
