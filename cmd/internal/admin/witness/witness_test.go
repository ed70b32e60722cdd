package witness_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"ferry/cmd/internal/admin/admintest"
	"ferry/cmd/internal/admin/witness"
	"ferry/hotwallet/attest"
	"ferry/swap/asset"
)

func TestLooksAndNodesAreMeasured(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	o := witness.Observer(registry)
	o.Looked(asset.Bitcoin, attest.Attested)
	o.Looked(asset.Bitcoin, attest.OtherBlock)
	o.LookedForDeath(asset.Bitcoin, attest.NotSpent)
	o.Tip(asset.Bitcoin, 0, 7)
	o.Tip(asset.Bitcoin, 1, 6)
	o.Standing(asset.Bitcoin, 1, true)
	o.Standing(asset.Bitcoin, 0, true)
	o.Standing(asset.Bitcoin, 0, false)
	admintest.Scrape(t, registry).Want(t, admintest.Metrics{
		`ferry_attest_deposits_total{chain="bitcoin",outcome="attested"}`:    1,
		`ferry_attest_deposits_total{chain="bitcoin",outcome="other_block"}`: 1,
		`ferry_attest_deaths_total{chain="bitcoin",outcome="not_spent"}`:     1,
		`ferry_attest_node_height{chain="bitcoin",node="1"}`:                 7,
		`ferry_attest_node_height{chain="bitcoin",node="2"}`:                 6,
		`ferry_attest_node_standing{chain="bitcoin",node="1"}`:               0,
		`ferry_attest_node_standing{chain="bitcoin",node="2"}`:               1,
	})
}
