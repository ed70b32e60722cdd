package deployment_test

import (
	"strings"
	"testing"

	"ferry/deploy/deployment"
	"ferry/swap/asset"
)

func TestFees(t *testing.T) {
	t.Parallel()
	d := deployment.Deployment{Chains: map[asset.Chain]deployment.Chain{asset.Bitcoin: {Fees: deployment.Fees{Ceiling: 90_000, TargetBlocks: 6}}}}
	want := deployment.Fees{TargetBlocks: 6, RecentBlocks: 6, Fallback: 5000, Ceiling: 90_000, AgeSeconds: 600, Factor: 3}
	if got := d.Fees(asset.Bitcoin); got != want || got.Age().Minutes() != 10 {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := d.Fees(asset.Ethereum); got.Fallback != 30_000_000_000 || got.Ceiling != 500_000_000_000 {
		t.Errorf("%+v of Ethereum", got)
	}
}

func TestFeesAreChecked(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fees  deployment.Fees
		depth int64
		want  string
	}{
		"defaults":          {},
		"deep":              {depth: 6},
		"shallow":           {depth: 2, want: "spend_depth"},
		"very deep":         {depth: 1001, want: "spend_depth"},
		"ceiling":           {fees: deployment.Fees{Ceiling: 4999}, want: "ceiling 4999"},
		"high ceiling":      {fees: deployment.Fees{Ceiling: 1 << 62}, want: "ceiling"},
		"negative target":   {fees: deployment.Fees{TargetBlocks: -1}, want: "target_blocks"},
		"many recent":       {fees: deployment.Fees{RecentBlocks: 145}, want: "recent_blocks"},
		"short age":         {fees: deployment.Fees{AgeSeconds: 29}, want: "age_seconds"},
		"factor of nothing": {fees: deployment.Fees{Factor: 1}, want: "factor"},
	} {
		d := reorgable()
		c := d.Chains[asset.Bitcoin]
		c.Fees, c.SpendDepth = row.fees, row.depth
		d.Chains[asset.Bitcoin] = c
		if err := d.Validate(); (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
}
