package deployment_test

import (
	"crypto/ed25519"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ferry/deploy/deployment"
	"ferry/swap"
	"ferry/swap/asset"
)

func good(t *testing.T) deployment.Deployment {
	t.Helper()
	pub, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	chain := deployment.Chain{Confirmations: 3, ReorgLimit: 2, DustThreshold: "0.0001", NetworkFee: "0.0001",
		RefundFeeMax: "0.0002", PaymentFeeMax: "0.01", PaymentMax: "2"}
	return deployment.Deployment{Networks: asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337},
		QuoteKeys: []string{swap.FormatPublicKey(pub)}, AttestKeys: []string{swap.FormatPublicKey(pub)},
		Chains: map[asset.Chain]deployment.Chain{asset.Bitcoin: chain, asset.Ethereum: chain},
		Pairs:  []deployment.Pair{{From: asset.BTC, To: asset.ETH, MinDeposit: "0.001", MaxDeposit: "1"}},
		Locks:  deployment.Locks{LockSeconds: 60, DepositWindowSeconds: 60, ConfirmWindowSeconds: 60, MaxPerClient: 1}}
}

func load(t *testing.T, raw []byte) (deployment.Deployment, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "deployment.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return deployment.Load(path)
}

func TestLoad(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(good(t))
	if err != nil {
		t.Fatal(err)
	}
	d, err := load(t, raw)
	if err != nil {
		t.Fatal(err)
	}
	amounts, err := d.Amounts(asset.Bitcoin)
	if err != nil || amounts.PaymentMax != asset.NewUnits(2_0000_0000) || amounts.DustThreshold != asset.NewUnits(10_000) {
		t.Errorf("amounts are %+v, %v", amounts, err)
	}
	if _, err := load(t, []byte(strings.Replace(string(raw), `"pairs"`, `"pears"`, 1))); err == nil || !strings.Contains(err.Error(), "pears") {
		t.Errorf("an unknown setting: %v", err)
	}
	if _, err := deployment.Load(filepath.Join(t.TempDir(), "absent.json")); err == nil {
		t.Error("an absent file was read")
	}
}

// Each wrong setting is refused with its name.
func TestValidateNamesTheSetting(t *testing.T) {
	t.Parallel()
	chain := func(edit func(*deployment.Chain)) func(*deployment.Deployment) {
		return func(d *deployment.Deployment) {
			c := d.Chains[asset.Bitcoin]
			edit(&c)
			d.Chains[asset.Bitcoin] = c
		}
	}
	for want, edit := range map[string]func(*deployment.Deployment){
		"networks":        func(d *deployment.Deployment) { d.Networks.Bitcoin = "moon" },
		"quote_keys":      func(d *deployment.Deployment) { d.QuoteKeys = nil },
		"attest_keys":     func(d *deployment.Deployment) { d.AttestKeys = []string{"short"} },
		"ethereum is mis": func(d *deployment.Deployment) { delete(d.Chains, asset.Ethereum) },
		"does not know":   func(d *deployment.Deployment) { d.Chains["moon"] = d.Chains[asset.Bitcoin] },
		"confirmations":   chain(func(c *deployment.Chain) { c.Confirmations = 0 }),
		"reorg_limit":     chain(func(c *deployment.Chain) { c.ReorgLimit = -1 }),
		"dust_threshold":  chain(func(c *deployment.Chain) { c.DustThreshold = "1e3" }),
		"payment_max":     chain(func(c *deployment.Chain) { c.PaymentMax = "" }),
		"refund_fee_max":  chain(func(c *deployment.Chain) { c.RefundFeeMax = "-1" }),
		"pairs[0]":        func(d *deployment.Deployment) { d.Pairs[0].To = asset.BTC },
		"min_deposit":     func(d *deployment.Deployment) { d.Pairs[0].MinDeposit = "x" },
		"locks":           func(d *deployment.Deployment) { d.Locks.LockSeconds = 0 },
	} {
		d := good(t)
		edit(&d)
		if err := d.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}
