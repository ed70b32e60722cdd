package desk

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ferry/cmd/internal/admin"
	"ferry/liquidity/config"
)

var (
	configWanted  = admin.Gauge("ferry_config_version_wanted", "The newest configuration that was seen.")
	configRunning = admin.Gauge("ferry_config_version_running", "The configuration that is run, -1 for none.")
	configAge     = admin.Gauge("ferry_config_age_seconds", "How long ago the newest configuration was read; its pairs are stopped after 5 minutes.")
	configPending = admin.Gauge("ferry_config_subscriptions_pending", "Books that are still being subscribed to or dropped.")
)

// Config measures which configuration is run, and how old what is known of the newest is.
func Config(to prometheus.Registerer, now func() config.Report, age func() time.Duration) {
	to.MustRegister(configs{now, age})
}

type configs struct {
	now func() config.Report
	age func() time.Duration
}

// Describe implements prometheus.Collector.
func (configs) Describe(to chan<- *prometheus.Desc) {
	to <- configWanted
	to <- configRunning
	to <- configPending
	to <- configAge
}

// Collect implements prometheus.Collector.
func (c configs) Collect(to chan<- prometheus.Metric) {
	r := c.now()
	to <- prometheus.MustNewConstMetric(configAge, prometheus.GaugeValue, c.age().Seconds())
	pending := 0
	if r.Pending != "" {
		pending = strings.Count(r.Pending, ", ") + 1
	}
	to <- prometheus.MustNewConstMetric(configWanted, prometheus.GaugeValue, float64(r.Wanted))
	to <- prometheus.MustNewConstMetric(configRunning, prometheus.GaugeValue, float64(r.Version))
	to <- prometheus.MustNewConstMetric(configPending, prometheus.GaugeValue, float64(pending))
}
