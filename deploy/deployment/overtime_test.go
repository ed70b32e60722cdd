package deployment_test

import (
	"errors"
	"strings"
	"testing"

	"ferry/deploy/deployment"
	"ferry/swap/asset"
)

// Limits over time are the asset's own, those of fees the chain's; what is left out is
// zero, and what would stop everything or contradicts is refused.
func TestLimitsOverTime(t *testing.T) {
	t.Parallel()
	d := withToken()
	ether, token := d.Chains[asset.Ethereum], d.Chains[asset.Ethereum].Tokens[asset.USDT]
	ether.PaymentsPerHour, ether.PaymentsPerDay, ether.FeesPerDay = "10", "40", "0.5"
	token.PaymentsPerDay = "7000"
	ether.Tokens[asset.USDT], d.Chains[asset.Ethereum] = token, ether
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	eth, err := d.AmountsOf(asset.ETH)
	if err != nil || eth.PaymentsPerHour.String() != "10000000000000000000" || eth.PaymentsPerDay.String() != "40000000000000000000" ||
		!eth.FeesPerHour.IsZero() || eth.FeesPerDay.String() != "500000000000000000" {
		t.Errorf("%+v, %v", eth, err)
	}
	usdt, err := d.AmountsOf(asset.USDT)
	if err != nil || !usdt.PaymentsPerHour.IsZero() || usdt.PaymentsPerDay.String() != "7000000000" || !usdt.FeesPerDay.IsZero() {
		t.Errorf("%+v, %v", usdt, err)
	}
	for name, row := range map[string]struct {
		spoil func(c *deployment.Chain)
		says  string
	}{
		"zero":         {func(c *deployment.Chain) { c.PaymentsPerHour = "0" }, "payments_per_hour must be above zero"},
		"no number":    {func(c *deployment.Chain) { c.FeesPerHour = "many" }, "fees_per_hour"},
		"less in more": {func(c *deployment.Chain) { c.PaymentsPerHour, c.PaymentsPerDay = "2", "1" }, "payments_per_day must be at least"},
		"of a token": {func(c *deployment.Chain) {
			c.Tokens[asset.USDT] = deployment.Token{DustThreshold: "1", NetworkFee: "2.5", RefundFeeMax: "3", PaymentMax: "1", PaymentsPerDay: "0"}
		}, "tokens.USDT: payments_per_day"},
	} {
		d := withToken()
		c := d.Chains[asset.Ethereum]
		row.spoil(&c)
		d.Chains[asset.Ethereum] = c
		if err := d.Validate(); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v, want one that says %q", name, err, row.says)
		}
	}
}

// What a transaction may cost that others wait for is a quarter of what any may cost, where a
// chain of accounts names nothing else.
func TestLineFee(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "2500000000000000", "0.001": "1000000000000000", "0": "0", "0.01": "10000000000000000"} {
		d := withToken()
		c := d.Chains[asset.Ethereum]
		c.PaymentFeeMax, c.LineFeeMax = "0.01", text
		d.Chains[asset.Ethereum] = c
		a, err := d.Amounts(asset.Ethereum)
		if err = errors.Join(err, d.Validate()); err != nil || a.LineFeeMax.String() != want {
			t.Errorf("%q is %s, %v", text, a.LineFeeMax, err)
		}
	}
	for text, on := range map[string]asset.Chain{"0.011": asset.Ethereum, "much": asset.Ethereum, "0.0001": asset.Bitcoin} {
		d := withToken()
		c := d.Chains[on]
		c.PaymentFeeMax, c.LineFeeMax = "0.01", text
		d.Chains[on] = c
		if err := d.Validate(); err == nil || !strings.Contains(err.Error(), "line_fee_max") {
			t.Errorf("%s of %s: %v", text, on, err)
		}
	}
}
