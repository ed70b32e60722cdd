package deployment_test

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"ferry/deploy/deployment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

// reorgable is a deployment that Validate takes.
func reorgable() deployment.Deployment {
	keys := swaptest.NewKeys()
	c := deployment.Chain{Confirmations: 3, ReorgLimit: 6, DustThreshold: "0.0001", NetworkFee: "0.0001",
		RefundFeeMax: "0.0001", PaymentFeeMax: "0.01", PaymentMax: "1"}
	return deployment.Deployment{Networks: asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337},
		QuoteKeys:  publicKey(keys.Quote),
		AttestKeys: publicKey(keys.Attest),
		Chains:     map[asset.Chain]deployment.Chain{asset.Bitcoin: c, asset.Ethereum: c},
		Locks:      deployment.Locks{LockSeconds: 60, DepositWindowSeconds: 60, ConfirmWindowSeconds: 60, MaxPerClient: 1}}
}

func publicKey(key ed25519.PrivateKey) []string {
	return []string{swap.FormatPublicKey(ed25519.PublicKey(key[ed25519.PrivateKeySize-ed25519.PublicKeySize:]))}
}

func TestReorgLimitMayExceedConfirmations(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		limit int64
		says  string
	}{{0, ""}, {2, ""}, {6, ""}, {400, ""}, {-1, "reorg_limit"}, {401, "reorg_limit"}} {
		d := reorgable()
		c := d.Chains[asset.Bitcoin]
		c.ReorgLimit = row.limit
		d.Chains[asset.Bitcoin] = c
		err := d.Validate()
		if (err == nil) != (row.says == "") || err != nil && !strings.Contains(err.Error(), row.says) {
			t.Errorf("reorg limit %d: %v", row.limit, err)
		}
	}
}

func TestStaleAfter(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		chain       asset.Chain
		pace, after int64
		want        time.Duration
	}{
		{asset.Bitcoin, 0, 0, time.Hour}, {asset.Ethereum, 0, 0, 5 * time.Minute},
		{asset.Bitcoin, 3, 0, 90 * time.Second}, {asset.Ethereum, 1, 0, 30 * time.Second},
		{asset.Ethereum, 1, 7, 7 * time.Second},
	} {
		d := reorgable()
		c := d.Chains[row.chain]
		c.BlockSeconds, c.StaleAfterSeconds = row.pace, row.after
		d.Chains[row.chain] = c
		if got := d.StaleAfter(row.chain); got != row.want {
			t.Errorf("%s, a block each %d s, set to %d: %s, want %s", row.chain, row.pace, row.after, got, row.want)
		}
	}
}

// The ceiling of the dust threshold is ten times the floor unless it is given, and never
// below it.
func TestDustCeiling(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]uint64{"": 100_000, "0.0001": 10_000, "0.0004": 40_000, "0.00009999": 0, "x": 0} {
		d := reorgable()
		c := d.Chains[asset.Bitcoin]
		c.DustCeiling = text
		d.Chains[asset.Bitcoin] = c
		err := d.Validate()
		if want == 0 {
			if err == nil || !strings.Contains(err.Error(), "dust_ceiling") {
				t.Errorf("%q: %v, want a refusal", text, err)
			}
			continue
		}
		amounts, amountsErr := d.Amounts(asset.Bitcoin)
		if err != nil || amountsErr != nil || amounts.DustCeiling != asset.NewUnits(want) || amounts.DustThreshold != asset.NewUnits(10_000) {
			t.Errorf("%q: %+v, %v, %v", text, amounts, err, amountsErr)
		}
	}
}

// A coin of Bitcoin Cash that may carry tokens is never spent, so it is never counted.
func TestCashThatMayCarryTokensIsDust(t *testing.T) {
	t.Parallel()
	for threshold, says := range map[string]string{"0.00001": "may carry tokens", "0.00001001": "", "0.00005": ""} {
		d := reorgable()
		d.Networks.BitcoinCash = "simnet"
		c := d.Chains[asset.Bitcoin]
		c.DustThreshold = threshold
		d.Chains[asset.BitcoinCash] = c
		if err := d.Validate(); (err != nil) != (says != "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want one that says %q", threshold, err, says)
		}
	}
}
