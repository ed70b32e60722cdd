// Package public measures the public API: requests, their durations, refusals, streams.
//
// It imports gateway, gateway/stream and swap.
package public

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ferry/gateway"
	"ferry/gateway/stream"
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
		Streams: streams(to),
		Request: func(route string, status int, took time.Duration) {
			if route == "" {
				route = NoRoute
			}
			requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
		},
		Refused: func(code swap.Code) { refusals.WithLabelValues(string(code)).Inc() },
	}
}

// streams counts connections that stay open and what they are told.
func streams(to prometheus.Registerer) stream.Observer {
	open := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "ferry_streams_open",
		Help: "Connections that are open now, by kind."}, []string{"kind"})
	ended := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ferry_streams_ended_total",
		Help: "Connections that ended, by kind and why."}, []string{"kind", "reason"})
	sent := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ferry_stream_messages_total",
		Help: "Messages sent over streams, by kind of connection and type of message."}, []string{"kind", "type"})
	conflated := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ferry_stream_conflated_total",
		Help: "Changes that a connection was not told, since a newer one came first, by type of message."}, []string{"type"})
	replays := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ferry_stream_replays_total",
		Help: "Subscriptions to a swap that continued after a version, by kind of connection."}, []string{"kind"})
	to.MustRegister(open, ended, sent, conflated, replays)
	for _, kind := range []stream.Kind{stream.WebSocket, stream.Events} {
		open.WithLabelValues(string(kind)) // 0 before the first
	}
	return stream.Observer{
		Opened: func(kind stream.Kind) { open.WithLabelValues(string(kind)).Inc() },
		Ended: func(kind stream.Kind, why stream.Reason) {
			open.WithLabelValues(string(kind)).Dec()
			ended.WithLabelValues(string(kind), string(why)).Inc()
		},
		Sent:      func(kind stream.Kind, message string) { sent.WithLabelValues(string(kind), message).Inc() },
		Conflated: func(message string) { conflated.WithLabelValues(message).Inc() },
		Replayed:  func(kind stream.Kind) { replays.WithLabelValues(string(kind)).Inc() },
	}
}
