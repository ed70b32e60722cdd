package desk

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"ferry/cmd/internal/admin"
	"ferry/liquidity/config"
)

var (
	configWanted  = admin.Gauge("ferry_config_version_wanted", "The newest configuration that was seen.")
	configRunning = admin.Gauge("ferry_config_version_running", "The configuration that is run, -1 for none.")
	configPending = admin.Gauge("ferry_config_subscriptions_pending", "Books that are still being subscribed to or dropped.")
)

// Config measures which configuration is run.
func Config(to prometheus.Registerer, now func() config.Report) { to.MustRegister(configs{now}) }

type configs struct{ now func() config.Report }

// Describe implements prometheus.Collector.
func (configs) Describe(to chan<- *prometheus.Desc) {
	to <- configWanted
	to <- configRunning
	to <- configPending
}

// Collect implements prometheus.Collector.
func (c configs) Collect(to chan<- prometheus.Metric) {
	r := c.now()
	pending := 0
	if r.Pending != "" {
		pending = strings.Count(r.Pending, ", ") + 1
	}
	to <- prometheus.MustNewConstMetric(configWanted, prometheus.GaugeValue, float64(r.Wanted))
	to <- prometheus.MustNewConstMetric(configRunning, prometheus.GaugeValue, float64(r.Version))
	to <- prometheus.MustNewConstMetric(configPending, prometheus.GaugeValue, float64(pending))
}
