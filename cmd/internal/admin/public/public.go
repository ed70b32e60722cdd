// Package public measures the public API: requests, their durations, refusals.
//
// It imports gateway and swap.
package public

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ferry/gateway"
	"ferry/swap"
)

// NoRoute is the label of requests that were refused before a route was looked for.
const NoRoute = "none"

// Observer counts and times the gateway's answers.
func Observer(to prometheus.Registerer) gateway.Observer {
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "ferry_http_request_duration_seconds",
		Help:    "Answers of the public API by route and status, and how long they took.",
		Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}}, []string{"route", "status"})
	refusals := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ferry_http_refusals_total",
		Help: "Problems answered by the public API, by code."}, []string{"code"})
	to.MustRegister(requests, refusals)
	return gateway.Observer{
		Request: func(route string, status int, took time.Duration) {
			if route == "" {
				route = NoRoute
			}
			requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
		},
		Refused: func(code swap.Code) { refusals.WithLabelValues(string(code)).Inc() },
	}
}
