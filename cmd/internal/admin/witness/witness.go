// Package witness measures what attestd sees on nodes of its own.
//
// It imports hotwallet/attest and swap/asset.
package witness

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"ferry/hotwallet/attest"
	"ferry/swap/asset"
)

// Observer makes metrics of what a Witness tells.
func Observer(to prometheus.Registerer) attest.WitnessObserver {
	looks := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ferry_attest_deposits_total",
		Help: "Looks at a deposit on the attestor's own nodes, by how they ended: attested, or why not."}, []string{"chain", "outcome"})
	deaths := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ferry_attest_deaths_total",
		Help: "Looks at the spend of a payment's anchor on the attestor's own nodes, by how they ended: attested, or why not."}, []string{"chain", "outcome"})
	height := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "ferry_attest_node_height",
		Help: "The best block of each of the attestor's own nodes."}, []string{"chain", "node"})
	standing := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "ferry_attest_node_standing",
		Help: "1 while the tip of one of the attestor's own nodes has stood still for too long, or it does not answer for as long."},
		[]string{"chain", "node"})
	to.MustRegister(looks, deaths, height, standing)
	// Nodes are counted from 1, as people do.
	node := func(which int) string { return strconv.Itoa(which + 1) }
	return attest.WitnessObserver{
		Looked: func(on asset.Chain, o attest.Outcome) { looks.WithLabelValues(string(on), string(o)).Inc() },
		LookedForDeath: func(on asset.Chain, o attest.Outcome) {
			deaths.WithLabelValues(string(on), string(o)).Inc()
		},
		Tip: func(on asset.Chain, which int, at int64) {
			height.WithLabelValues(string(on), node(which)).Set(float64(at))
		},
		Standing: func(on asset.Chain, which int, stands bool) {
			value := 0.0
			if stands {
				value = 1
			}
			standing.WithLabelValues(string(on), node(which)).Set(value)
		},
	}
}
