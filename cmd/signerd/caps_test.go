package main

import (
	"testing"

	"ferry/deploy/deployment"
	"ferry/swap/asset"
)

// A deployment without gas_max has no limit for gas, so that no top-up is signed; one
// that does has its own, on the chain of accounts alone.
func TestGasTopUpIsTheDeployments(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		sweep deployment.Sweep
		want  asset.Units
	}{
		"no sweeps": {},
		"sweeps": {deployment.Sweep{PerHour: 1, Floor: "1",
			GasMax: "0.002", GasAddressDay: "0.002", GasDay: "0.002"}, asset.MustUnits("2000000000000000")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := deployment.Chain{Confirmations: 1, DustThreshold: "0.0001", NetworkFee: "0.0001", RefundFeeMax: "0.0001", PaymentFeeMax: "0.01", PaymentMax: "1"}
			ethereum := c
			ethereum.Sweep = row.sweep
			limits, err := caps(deployment.Deployment{Networks: asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337},
				Chains: map[asset.Chain]deployment.Chain{asset.Bitcoin: c, asset.Ethereum: ethereum}})
			if err != nil {
				t.Fatal(err)
			}
			if got := limits[asset.ETH].GasTopUp; got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
			if got := limits[asset.ETH].FeeAnyShare; got != asset.MustUnits("2500000000000000") || !limits[asset.BTC].FeeAnyShare.IsZero() {
				t.Errorf("a fee of %s may be any share, want a quarter of the largest, and on bitcoin none", got)
			}
			if got := limits[asset.BTC].GasTopUp; !got.IsZero() {
				t.Errorf("bitcoin has %s", got)
			}
		})
	}
}
