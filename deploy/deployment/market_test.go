package deployment_test

import (
	"strings"
	"testing"

	"ferry/deploy/deployment"
	"ferry/swap/asset"
)

func TestTargetUnits(t *testing.T) {
	t.Parallel()
	m := deployment.Market{Targets: map[asset.ID]deployment.Target{asset.BTC: {Aim: "2", Band: "0.5", Most: "3"}, asset.ETH: {Aim: "0", Band: "1"}}}
	got, err := m.TargetUnits()
	if err != nil || got[asset.BTC] != (deployment.TargetUnits{Aim: asset.NewUnits(2e8), Band: asset.NewUnits(5e7), Most: asset.NewUnits(3e8)}) || !got[asset.ETH].Most.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	for want, target := range map[string]deployment.Target{
		"market.targets.BTC.aim": {Band: "1"}, "market.targets.BTC.band": {Aim: "1", Band: "0"}, "market.targets.BTC.most": {Aim: "1", Band: "1", Most: "-1"},
	} {
		m.Targets = map[asset.ID]deployment.Target{asset.BTC: target}
		if _, err := m.TargetUnits(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want one of %s", target, err, want)
		}
	}
}
