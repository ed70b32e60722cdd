package swap_test

import (
	"strings"
	"testing"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

func units(n uint64) asset.Units { return asset.NewUnits(n) }

func tiers() swap.DepositRules {
	return swap.DepositRules{Confirmations: map[asset.Chain]int64{asset.Bitcoin: 2, asset.Ethereum: 12},
		Tiers: map[asset.ID][]swap.Tier{asset.BTC: {{Above: units(100), Confirmations: 3}, {Above: units(1000), Confirmations: 6}},
			asset.USDT: {{Above: units(50), Confirmations: 30}}},
		SafeAbove: map[asset.ID]asset.Units{asset.ETH: units(10)}, FinalizedAbove: map[asset.ID]asset.Units{asset.ETH: units(20), asset.USDC: units(5)}}
}

func TestNeededFollowsTheAmount(t *testing.T) {
	t.Parallel()
	rules := tiers()
	if err := rules.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		id       asset.ID
		units    uint64
		blocks   int64
		counts   bool
		finality swap.Finality
	}{
		{asset.BTC, 1, 2, true, ""}, {asset.BTC, 100, 2, true, ""}, {asset.BTC, 101, 3, true, ""},
		{asset.BTC, 1000, 3, true, ""}, {asset.BTC, 1001, 6, true, ""},
		{asset.ETH, 10, 12, true, ""}, {asset.ETH, 11, 12, true, "safe"}, {asset.ETH, 20, 12, true, "safe"}, {asset.ETH, 21, 12, true, "finalized"},
		{asset.USDT, 50, 12, true, ""}, {asset.USDT, 51, 30, true, ""},
		{asset.USDC, 5, 12, true, ""}, {asset.USDC, 6, 12, true, "finalized"},
		{asset.LTC, 1, 0, false, ""}, {"XYZ", 1, 0, false, ""},
	} {
		amount := asset.Amount{Asset: c.id, Units: units(c.units)}
		blocks, counts := rules.Needed(amount)
		if finality := rules.Finality(amount); blocks != c.blocks || counts != c.counts || finality != c.finality {
			t.Errorf("%d of %s: %d blocks (%v), %q; want %d (%v), %q", c.units, c.id, blocks, counts, finality, c.blocks, c.counts, c.finality)
		}
	}
}

func TestTiersThatContradictThemselves(t *testing.T) {
	t.Parallel()
	many := make([]swap.Tier, 17)
	for i := range many {
		many[i] = swap.Tier{Above: units(uint64(i) + 1), Confirmations: int64(i) + 3}
	}
	for name, c := range map[string]struct {
		spoil func(r *swap.DepositRules)
		want  string
	}{
		"above nothing":      {func(r *swap.DepositRules) { r.Tiers[asset.BTC][0].Above = asset.Units{} }, "no more than the one before"},
		"amounts fall":       {func(r *swap.DepositRules) { r.Tiers[asset.BTC][1].Above = units(100) }, "no more than the one before"},
		"confirmations fall": {func(r *swap.DepositRules) { r.Tiers[asset.BTC][1].Confirmations = 3 }, "more than 3"},
		"less than the base": {func(r *swap.DepositRules) { r.Tiers[asset.BTC][0].Confirmations = 2 }, "more than 2"},
		"too deep":           {func(r *swap.DepositRules) { r.Tiers[asset.BTC][1].Confirmations = swap.ConfirmationsMost + 1 }, "at most 1000"},
		"too many":           {func(r *swap.DepositRules) { r.Tiers[asset.BTC] = many }, "at most 16"},
		"no base":            {func(r *swap.DepositRules) { r.Tiers[asset.LTC] = r.Tiers[asset.BTC] }, "least depth"},
		"no asset":           {func(r *swap.DepositRules) { r.Tiers["XYZ"] = r.Tiers[asset.BTC] }, "least depth"},
		"a UTXO chain":       {func(r *swap.DepositRules) { r.SafeAbove[asset.BTC] = units(1) }, "never safe or finalized"},
		"safe is higher":     {func(r *swap.DepositRules) { r.SafeAbove[asset.ETH] = units(21) }, "lower amount than safe"},
	} {
		rules := tiers()
		c.spoil(&rules)
		if err := rules.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// The signer judges an attestation by the deposit's own amount, and by what attestd says
// the block is.
func TestAttestationMeetsItsTier(t *testing.T) {
	t.Parallel()
	on := map[asset.ID]asset.Chain{asset.BTC: asset.Bitcoin, asset.ETH: asset.Ethereum}
	for _, c := range []struct {
		id       asset.ID
		units    uint64
		depth    int64
		finality swap.Finality
		want     string
	}{
		{asset.BTC, 100, 2, "", ""}, {asset.BTC, 101, 2, "", "3 are needed"}, {asset.BTC, 1001, 5, "", "6 are needed"}, {asset.BTC, 1001, 6, "", ""},
		{asset.ETH, 11, 12, "", "safe"}, {asset.ETH, 11, 12, "safe", ""}, {asset.ETH, 11, 12, "finalized", ""},
		{asset.ETH, 21, 500, "safe", "finalized"}, {asset.ETH, 21, 12, "finalized", ""}, {asset.ETH, 10, 12, "", ""},
	} {
		a := swap.DepositAttestation{Chain: on[c.id], Amount: asset.Amount{Asset: c.id, Units: units(c.units)},
			Depth: c.depth, Finality: c.finality, IssuedAt: swaptest.Start}
		err := tiers().Meets(a, swaptest.Start)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d of %s, %d deep, %q: %v, want %q", c.units, c.id, c.depth, c.finality, err, c.want)
		}
	}
}
