package admin

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Limits of what is read for a scrape.
const (
	// ScrapeLimit bounds one reading.
	ScrapeLimit = 3 * time.Second
	// scrapeKeep is how long a reading is shown again instead of made again, so that
	// several scrapers cost no more than one.
	scrapeKeep = 5 * time.Second
)

// Sample is one value of a gauge with its labels in the gauge's order.
type Sample struct {
	Gauge  *prometheus.Desc
	Value  float64
	Labels []string
}

// Gauge describes a value that is read when it is asked for.
func Gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// Reading is a collector of gauges that are read together, at scrape time. What
// can't be read within ScrapeLimit is left out, and ferry_scrape_ok says so.
type Reading struct {
	gauges []*prometheus.Desc
	read   func(ctx context.Context) ([]Sample, error)
	ok     *prometheus.Desc
	now    func() time.Time

	// mu is held while reading: two scrapes at once make one reading.
	mu      sync.Mutex
	at      time.Time
	samples []Sample
	failed  bool
}

// NewReading names what is read, for ferry_scrape_ok; read returns samples of the
// gauges only.
func NewReading(part string, read func(ctx context.Context) ([]Sample, error), gauges ...*prometheus.Desc) *Reading {
	return &Reading{gauges: gauges, read: read, now: time.Now, ok: prometheus.NewDesc("ferry_scrape_ok",
		"1 where a part of this scrape could be read, 0 where not; its metrics are missing then.", nil, prometheus.Labels{"part": part})}
}

// Describe implements prometheus.Collector.
func (r *Reading) Describe(to chan<- *prometheus.Desc) {
	to <- r.ok
	for _, g := range r.gauges {
		to <- g
	}
}

// Collect implements prometheus.Collector.
func (r *Reading) Collect(to chan<- prometheus.Metric) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at.IsZero() || r.now().Sub(r.at) >= scrapeKeep {
		ctx, cancel := context.WithTimeout(context.Background(), ScrapeLimit)
		samples, err := r.read(ctx)
		cancel()
		r.at, r.samples, r.failed = r.now(), samples, err != nil
	}
	to <- prometheus.MustNewConstMetric(r.ok, prometheus.GaugeValue, truth(!r.failed))
	if r.failed {
		return
	}
	for _, s := range r.samples {
		m, err := prometheus.NewConstMetric(s.Gauge, prometheus.GaugeValue, s.Value, s.Labels...)
		if err != nil {
			m = prometheus.NewInvalidMetric(s.Gauge, err)
		}
		to <- m
	}
}
