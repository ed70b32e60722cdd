// Package desk measures liquidityd: its calls, its promises, its prices.
//
// It imports admin, cmd/internal/database, liquidity and its postgres.
package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"ferry/cmd/internal/admin"
	"ferry/cmd/internal/database"
	"ferry/liquidity"
	"ferry/liquidity/postgres"
	"ferry/swap"
	"ferry/swap/asset"
)

var (
	open     = admin.Gauge("ferry_locks_open", "Locks that can still be accepted, by payout asset.", "asset")
	promised = admin.Gauge("ferry_locks_promised", "Accepted locks whose swap is not over and open requotes, by payout asset.", "asset")

	pairAvailable = admin.Gauge("ferry_pair_available", "1 while quotes are given for the pair.", "pair")

	priceAge    = admin.Gauge("ferry_price_age_seconds", "Since the venue's last message; missing before the first.", "instrument")
	priceUsable = admin.Gauge("ferry_price_usable", "1 while swaps can be priced from the instrument.", "instrument")
	outages     = prometheus.NewDesc("ferry_price_outages_total", "How often the book of an instrument was lost.", []string{"instrument"}, nil)
	gaps        = prometheus.NewDesc("ferry_price_gaps_total", "Gaps in the messages of an instrument's venues.", []string{"instrument"}, nil)

	perVenue      = []string{"venue", "class", "instrument"}
	venueAge      = admin.Gauge("ferry_venue_age_seconds", "Since the venue's last message; missing before the first.", perVenue...)
	venueUsable   = admin.Gauge("ferry_venue_usable", "1 while the venue's book may be priced from.", perVenue...)
	venueExcluded = admin.Gauge("ferry_venue_excluded", "1 while the venue is left out because it is too far from the others.", perVenue...)
	venueRatio    = admin.Gauge("ferry_venue_price_ratio", "The venue's price by that of all; missing while there is none of the two.", perVenue...)
	venueLatency  = admin.Gauge("ferry_venue_latency_seconds", "Our clock less the venue's in its newest message; missing without a book.", perVenue...)
	venueSame     = admin.Gauge("ferry_venue_unchanged_seconds", "Since the venue's best levels changed; missing before the first.", perVenue...)
	venueAlert    = admin.Gauge("ferry_venue_alert", "1 for what is wrong with a venue's data: missing, off or late.", append(perVenue, "alert")...)
	venueMessages = prometheus.NewDesc("ferry_venue_messages_total", "Messages of a venue.", perVenue, nil)
	venueGaps     = prometheus.NewDesc("ferry_venue_gaps_total", "Gaps in a venue's messages.", perVenue, nil)
	venueOutages  = prometheus.NewDesc("ferry_venue_outages_total", "How often a venue's book was lost.", perVenue, nil)
	venueSuspect  = prometheus.NewDesc("ferry_venue_suspect_seconds_total", "How long a venue's book could not be trusted, from outages to the next book.", perVenue, nil)
)

// Calls counts calls by the code of their refusal.
func Calls(to prometheus.Registerer) func(call string, code swap.Code) {
	calls := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ferry_lock_calls_total",
		Help: "Calls for a lock by the code of their refusal, ok without one."}, []string{"call", "code"})
	to.MustRegister(calls)
	return func(call string, code swap.Code) { calls.WithLabelValues(call, admin.Code(code)).Inc() }
}

// Requotes counts requests for a price by what became of them.
func Requotes(to prometheus.Registerer) func(outcome string) {
	requotes := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ferry_requotes_total",
		Help: "Requests for a price of deposits that do not match, by what became of them."}, []string{"outcome"})
	to.MustRegister(requotes)
	for _, outcome := range []string{liquidity.OutcomeRequoted, liquidity.OutcomeRepeated, liquidity.OutcomeFaulty,
		swap.RefusedBeyond, swap.RefusedBelow, swap.RefusedUnavailable} {
		requotes.WithLabelValues(outcome) // 0 from the start, so that the first is seen as an increase
	}
	return func(outcome string) { requotes.WithLabelValues(outcome).Inc() }
}

// Pairs measures which pairs are quoted.
func Pairs(to prometheus.Registerer, rates func() []swap.Rate) {
	to.MustRegister(admin.NewReading("pairs", func(context.Context) ([]admin.Sample, error) {
		var samples []admin.Sample
		for _, r := range rates() {
			value := 1.0
			if r.Unavailable != "" {
				value = 0
			}
			samples = append(samples, admin.Sample{Gauge: pairAvailable, Value: value, Labels: []string{r.Pair.String()}})
		}
		return samples, nil
	}, pairAvailable))
}

// Locks measures what is promised.
func Locks(to prometheus.Registerer, pool *pgxpool.Pool, now func() time.Time) {
	to.MustRegister(admin.NewReading("locks", func(ctx context.Context) ([]admin.Sample, error) {
		byAsset := map[asset.ID]postgres.LockMeasure{}
		err := database.ReadOnly(ctx, pool, admin.ScrapeLimit, func(tx pgx.Tx) error {
			measures, err := postgres.MeasureLocks(ctx, tx, now())
			for _, m := range measures {
				byAsset[m.Asset] = m
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		var samples []admin.Sample
		for _, a := range asset.All() {
			m, label := byAsset[a.ID], []string{string(a.ID)}
			samples = append(samples, admin.Sample{Gauge: open, Value: float64(m.Open), Labels: label},
				admin.Sample{Gauge: promised, Value: float64(m.Promised), Labels: label})
		}
		return samples, nil
	}, open, promised))
}

// Prices measures what the engine prices from.
func Prices(to prometheus.Registerer, list func() []liquidity.Price) { to.MustRegister(prices{list}) }

type prices struct{ list func() []liquidity.Price }

// Describe implements prometheus.Collector.
func (prices) Describe(to chan<- *prometheus.Desc) {
	to <- priceAge
	to <- priceUsable
	to <- outages
	to <- gaps
	for _, d := range []*prometheus.Desc{venueAge, venueUsable, venueExcluded, venueRatio, venueMessages, venueGaps, venueOutages,
		venueLatency, venueSame, venueAlert, venueSuspect} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (p prices) Collect(to chan<- prometheus.Metric) {
	for _, price := range p.list() {
		name := price.Instrument.String()
		usable := 0.0
		if price.Unfit == "" {
			usable = 1
		}
		if price.Heard {
			to <- prometheus.MustNewConstMetric(priceAge, prometheus.GaugeValue, price.Age.Seconds(), name)
		}
		to <- prometheus.MustNewConstMetric(priceUsable, prometheus.GaugeValue, usable, name)
		to <- prometheus.MustNewConstMetric(outages, prometheus.CounterValue, float64(price.Outages), name)
		to <- prometheus.MustNewConstMetric(gaps, prometheus.CounterValue, float64(price.Gaps), name)
		for _, v := range price.Venues {
			collectVenue(to, v, name)
		}
	}
}

// collectVenue tells how a venue stands. A venue that is not listed any more has no
// series any more.
func collectVenue(to chan<- prometheus.Metric, v liquidity.VenuePrice, instrument string) {
	tell := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64) {
		to <- prometheus.MustNewConstMetric(desc, kind, value, v.Venue, v.Class, instrument)
	}
	one := func(yes bool) float64 {
		if yes {
			return 1
		}
		return 0
	}
	if v.Heard {
		tell(venueAge, prometheus.GaugeValue, v.Age.Seconds())
	}
	if v.Unfit == "" {
		tell(venueLatency, prometheus.GaugeValue, v.Latency.Seconds())
	}
	if v.Changed {
		tell(venueSame, prometheus.GaugeValue, v.Unchanged.Seconds())
	}
	if v.RatioPPM > 0 {
		tell(venueRatio, prometheus.GaugeValue, float64(v.RatioPPM)/1e6)
	}
	tell(venueUsable, prometheus.GaugeValue, one(v.Unfit == ""))
	tell(venueExcluded, prometheus.GaugeValue, one(v.Excluded))
	tell(venueMessages, prometheus.CounterValue, float64(v.Messages))
	tell(venueGaps, prometheus.CounterValue, float64(v.Gaps))
	tell(venueOutages, prometheus.CounterValue, float64(v.Outages))
	tell(venueSuspect, prometheus.CounterValue, v.Suspect.Seconds())
	for _, a := range liquidity.Alerts() {
		to <- prometheus.MustNewConstMetric(venueAlert, prometheus.GaugeValue, one(v.Alert == a), v.Venue, v.Class, instrument, a)
	}
}

// Venues is the readiness check of the prices: every one is usable.
func Venues(list func() []liquidity.Price) func(context.Context) error {
	return func(context.Context) error {
		var errs []error
		for _, p := range list() {
			if p.Unfit != "" {
				errs = append(errs, fmt.Errorf("%s: %s", p.Instrument, p.Unfit))
			}
		}
		return errors.Join(errs...)
	}
}
