package deployment_test

import (
	"strings"
	"testing"

	"ferry/deploy/deployment"
	"ferry/swap"
	"ferry/swap/asset"
)

// Tiers and finality of a chain and of a token are read in coins of each.
func TestDepthsOfTheFile(t *testing.T) {
	t.Parallel()
	d := withToken()
	bitcoin, ethereum := d.Chains[asset.Bitcoin], d.Chains[asset.Ethereum]
	bitcoin.Tiers = []deployment.Tier{{Above: "0.5", Confirmations: 4}, {Above: "2", Confirmations: 6}}
	ethereum.Finality = deployment.Finality{SafeAbove: "1", FinalizedAbove: "10"}
	token := ethereum.Tokens[asset.USDT]
	token.Tiers = []deployment.Tier{{Above: "1000", Confirmations: 20}}
	token.Finality.FinalizedAbove = "20000"
	ethereum.Tokens[asset.USDT] = token
	d.Chains[asset.Bitcoin], d.Chains[asset.Ethereum] = bitcoin, ethereum
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	rules, err := d.DepositRules()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		id       asset.ID
		units    string
		blocks   int64
		finality swap.Finality
	}{
		{asset.BTC, "50000000", 3, ""}, {asset.BTC, "50000001", 4, ""}, {asset.BTC, "200000001", 6, ""},
		{asset.ETH, "1000000000000000000", 3, ""}, {asset.ETH, "1000000000000000001", 3, "safe"}, {asset.ETH, "10000000000000000001", 3, "finalized"},
		{asset.USDT, "1000000000", 3, ""}, {asset.USDT, "1000000001", 20, ""}, {asset.USDT, "20000000001", 20, "finalized"},
	} {
		amount := asset.Amount{Asset: c.id, Units: asset.MustUnits(c.units)}
		if blocks, _ := rules.Needed(amount); blocks != c.blocks || rules.Finality(amount) != c.finality {
			t.Errorf("%s needs %d blocks, %q; want %d, %q", amount, blocks, rules.Finality(amount), c.blocks, c.finality)
		}
	}
}

func TestDepthsThatAreWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(c *deployment.Chain)
		want  string
	}{
		"no amount":       {func(c *deployment.Chain) { c.Tiers = []deployment.Tier{{Confirmations: 9}} }, "tiers[0].above"},
		"too many places": {func(c *deployment.Chain) { c.Tiers = []deployment.Tier{{Above: "0.000000001", Confirmations: 9}} }, "tiers[0].above"},
		"not deeper":      {func(c *deployment.Chain) { c.Tiers = []deployment.Tier{{Above: "1", Confirmations: 3}} }, "more than 3"},
		"no such blocks":  {func(c *deployment.Chain) { c.Finality.FinalizedAbove = "1" }, "never safe or finalized"},
		"no number":       {func(c *deployment.Chain) { c.Finality.SafeAbove = "much" }, "finality.safe_above"},
	} {
		d := reorgable()
		bitcoin := d.Chains[asset.Bitcoin]
		c.spoil(&bitcoin)
		d.Chains[asset.Bitcoin] = bitcoin
		if err := d.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
