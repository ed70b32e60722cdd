package deployment_test

import (
	"strings"
	"testing"

	"ferry/deploy/deployment"
	"ferry/swap/asset"
)

// withToken is a deployment that swaps USDT too.
func withToken() deployment.Deployment {
	d := reorgable()
	d.Networks.Tokens.USDT = "0x1111111111111111111111111111111111111111"
	c := d.Chains[asset.Ethereum]
	c.Tokens = map[asset.ID]deployment.Token{asset.USDT: {DustThreshold: "1", NetworkFee: "2.5", RefundFeeMax: "3", PaymentMax: "100000"}}
	d.Chains[asset.Ethereum] = c
	return d
}

// A token's policy is in the token; what its transactions may cost is the chain's.
func TestTokenAmounts(t *testing.T) {
	t.Parallel()
	d := withToken()
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	got, err := d.AmountsOf(asset.USDT)
	want := deployment.Amounts{DustThreshold: asset.NewUnits(1_000_000), DustCeiling: asset.NewUnits(1_000_000), NetworkFee: asset.NewUnits(2_500_000),
		RefundFeeMax: asset.NewUnits(3_000_000), PaymentFeeMax: asset.NewUnits(10_000_000_000_000_000), PaymentMax: asset.NewUnits(100_000_000_000)}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	native, err := d.Amounts(asset.Ethereum)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.AmountsOf(asset.ETH); err != nil || got != native {
		t.Errorf("ETH: %+v, %v", got, err)
	}
	for _, id := range []asset.ID{asset.USDC, asset.LTC, "XXX"} {
		if _, err := d.AmountsOf(id); err == nil {
			t.Errorf("%s, which is not swapped, has amounts", id)
		}
	}
	if got := d.Tokens(asset.Ethereum); len(got) != 1 || got[0] != asset.USDT || len(d.Tokens(asset.Bitcoin)) != 0 {
		t.Errorf("tokens %v", got)
	}
}

// Each pinned token has a policy and nothing else has, and what is wrong is named.
func TestTokenPolicies(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		spoil func(d *deployment.Deployment, tokens map[asset.ID]deployment.Token)
		says  string
	}{
		"no policy": {func(_ *deployment.Deployment, tokens map[asset.ID]deployment.Token) { delete(tokens, asset.USDT) }, "tokens.USDT is missing"},
		"not pinned": {func(_ *deployment.Deployment, tokens map[asset.ID]deployment.Token) {
			tokens[asset.USDC] = tokens[asset.USDT]
		}, "does not pin"},
		"no contract":  {func(d *deployment.Deployment, _ map[asset.ID]deployment.Token) { d.Networks.Tokens.USDT = "" }, "does not pin"},
		"decimals":     {policy(func(t *deployment.Token) { t.DustThreshold = "0.0000001" }), "tokens.USDT: dust_threshold"},
		"no fee":       {policy(func(t *deployment.Token) { t.NetworkFee = "" }), "tokens.USDT: network_fee"},
		"refund":       {policy(func(t *deployment.Token) { t.RefundFeeMax = "-1" }), "tokens.USDT: refund_fee_max"},
		"no payments":  {policy(func(t *deployment.Token) { t.PaymentMax = "0" }), "tokens.USDT: payment_max"},
		"not a number": {policy(func(t *deployment.Token) { t.PaymentMax = "many" }), "tokens.USDT: payment_max"},
	} {
		d := withToken()
		row.spoil(&d, d.Chains[asset.Ethereum].Tokens)
		if err := d.Validate(); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v, want %q", name, err, row.says)
		}
	}
	d := withToken()
	c := d.Chains[asset.Bitcoin]
	c.Tokens = d.Chains[asset.Ethereum].Tokens
	d.Chains[asset.Bitcoin] = c
	if err := d.Validate(); err == nil || !strings.Contains(err.Error(), "chains.bitcoin: tokens") {
		t.Errorf("a token of another chain: %v", err)
	}
}

// policy changes the token's.
func policy(change func(*deployment.Token)) func(*deployment.Deployment, map[asset.ID]deployment.Token) {
	return func(_ *deployment.Deployment, tokens map[asset.ID]deployment.Token) {
		t := tokens[asset.USDT]
		change(&t)
		tokens[asset.USDT] = t
	}
}
