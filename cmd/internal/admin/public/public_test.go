package public_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ferry/cmd/internal/admin/admintest"
	"ferry/cmd/internal/admin/public"
	"ferry/gateway/stream"
	"ferry/swap"
)

func TestStreamsAreCounted(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	o := public.Observer(registry).Streams
	admintest.Scrape(t, registry).Want(t, admintest.Metrics{`ferry_streams_open{kind="websocket"}`: 0, `ferry_streams_open{kind="events"}`: 0})
	o.Opened(stream.WebSocket)
	o.Opened(stream.WebSocket)
	o.Opened(stream.Events)
	o.Ended(stream.WebSocket, stream.EndSlow)
	o.Sent(stream.WebSocket, "prices")
	o.Conflated("prices")
	o.Replayed(stream.Events)
	m := admintest.Scrape(t, registry)
	m.Want(t, admintest.Metrics{`ferry_streams_open{kind="websocket"}`: 1, `ferry_streams_open{kind="events"}`: 1,
		`ferry_streams_ended_total{kind="websocket",reason="too_slow"}`: 1, `ferry_stream_messages_total{kind="websocket",type="prices"}`: 1,
		`ferry_stream_conflated_total{type="prices"}`: 1, `ferry_stream_replays_total{kind="events"}`: 1})
	m.Lack(t, "ferry_http_request_duration_seconds_count")
}

func TestRequestsAreTimed(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	o := public.Observer(registry)
	o.Request("POST /v1/quotes", 201, 3*time.Millisecond)
	o.Request("POST /v1/quotes", 201, 500*time.Millisecond)
	o.Request("POST /v1/quotes", 422, time.Millisecond)
	o.Request("", 429, time.Millisecond)
	o.Refused(swap.CodeAmountTooSmall)
	o.Refused(swap.CodeTooManyRequests)
	admintest.Scrape(t, registry).Want(t, admintest.Metrics{
		`ferry_http_request_duration_seconds_count{route="POST /v1/quotes",status="201"}`:             2,
		`ferry_http_request_duration_seconds_sum{route="POST /v1/quotes",status="201"}`:               0.503,
		`ferry_http_request_duration_seconds_bucket{route="POST /v1/quotes",status="201",le="0.005"}`: 1,
		`ferry_http_request_duration_seconds_count{route="POST /v1/quotes",status="422"}`:             1,
		`ferry_http_request_duration_seconds_count{route="none",status="429"}`:                        1,
		`ferry_http_refusals_total{code="amount_too_small"}`:                                          1,
		`ferry_http_refusals_total{code="too_many_requests"}`:                                         1,
	})
}
