package gateway_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/gateway"
	"ferry/gateway/postgres"
	"ferry/swap"
)

// Connections are limited in all and per client, events and sockets together, and a
// place that was left can be taken.
func TestStreamConnectionLimits(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *gateway.Config) { c.Streams.Connections, c.Streams.PerClient = 3, 2 })
	b.stream(t)
	id := b.newSwap(t, aKey, 1)
	path := "/v1/swaps/" + id + "/events"
	first := b.dial(t)
	b.listen(t, id)
	upgrade := []string{"Upgrade", "websocket", "Connection", "Upgrade"}
	refused(t, b.send(t, http.MethodGet, path, ""), 429, swap.CodeTooManyRequests, "", "2 connections")
	refused(t, b.send(t, http.MethodGet, "/v1/stream", "", upgrade...), 429, swap.CodeTooManyRequests, "", "2 connections")
	b.listen(t, id, clientHeader, "192.0.2.1:1")
	refused(t, b.send(t, http.MethodGet, path, "", clientHeader, "192.0.2.2:1"), 503, swap.CodeUnavailable, "", "")
	if err := first.conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	eventually(t.Context(), t, func() bool {
		conn, _, err := dial(t.Context(), b.url, nil) //nolint:bodyclose // the library closes it
		if err != nil {
			return false
		}
		t.Cleanup(func() { _ = conn.CloseNow() })
		return true
	})
}

// What a client may not send has a code, and where it must, an end.
func TestStreamMessageLimits(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *gateway.Config) {
		c.Streams.Swaps, c.Streams.MessageBytes, c.Streams.MessageBurst = 1, 200, 12
	})
	b.stream(t)
	id, other := b.newSwap(t, aKey, 1), b.newSwap(t, anotherKey, 1)
	p := b.dial(t)
	watch := func(id string) string {
		return fmt.Sprintf(`{"type":"subscribe","topic":"swap","swap_id":%q,"after":9}`, id)
	}
	for _, row := range []struct {
		message string
		code    swap.Code
		field   string
	}{
		{`{`, swap.CodeInvalidBody, ""},
		{`{"type":"dance"}`, swap.CodeInvalidBody, "type"},
		{`{"type":"subscribe","topic":"weather"}`, swap.CodeNotFound, "topic"},
		{`{"type":"subscribe","topic":"prices","from":"BTC"}`, swap.CodeUnknownPair, "from"},
		{`{"type":"subscribe","topic":"prices","after":1}`, swap.CodeInvalidBody, "after"},
		{watch("swap_x"), swap.CodeNotFound, "swap_id"},
		{watch(swap.NewID(swap.SwapPrefix, b.clock.now())), swap.CodeNotFound, "swap_id"},
	} {
		p.send(row.message)
		p.refused("", row.code, row.field)
	}
	for range 2 { // again is no second one
		p.send(watch(id))
		p.expect("subscribed")
	}
	p.send(watch(other))
	p.refused("", swap.CodeTooManyRequests, "swap_id")
	p.send(`{"type":"unsubscribe","topic":"swap","swap_id":"` + id + `"}`)
	p.expect("unsubscribed")
	p.send(watch(other))
	p.expect("subscribed")
	p.send(`{"type":"quote_stop"}`)
	p.refused("", swap.CodeTooManyRequests, "")
	p.closed(websocket.StatusPolicyViolation, "too_many_requests")

	p = b.dial(t)
	p.send(`{"type":"quote_stop","id":"` + strings.Repeat("x", 200) + `"}`)
	p.refused("", swap.CodeBodyTooLarge, "")
	p.closed(websocket.StatusMessageTooBig, "body_too_large")

	p = b.dial(t)
	if err := p.conn.Write(t.Context(), websocket.MessageBinary, []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	p.refused("", swap.CodeInvalidBody, "")
	p.closed(websocket.StatusUnsupportedData, "invalid_body")
}

// Only a WebSocket of this origin, or of a program, is let in.
func TestStreamHandshake(t *testing.T) {
	t.Parallel()
	b := setup(t)
	end := b.stream(t)
	refused(t, b.send(t, http.MethodGet, "/v1/stream", ""), 422, swap.CodeRefused, "Upgrade", "websocket")
	_, res, err := dial(t.Context(), b.url, http.Header{"Origin": {"https://elsewhere.example"}})
	if err == nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("%v %v", res, err)
	}
	if res != nil && res.Body != nil {
		_ = res.Body.Close()
	}
	p := b.dial(t)
	p.send(`{"type":"subscribe","topic":"prices"}`)
	p.expect("subscribed")
	p.expect("prices")
	go end()
	p.closed(websocket.StatusGoingAway, "the service is stopping; connect again")
	eventually(t.Context(), t, func() bool {
		_, _, err := dial(t.Context(), b.url, nil) //nolint:bodyclose // the library closes it
		return err != nil
	})
}

// Without its database a stream says that it can't look, and stays.
func TestStreamWithoutDatabase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.newSwap(t, aKey, 1)
	pool, err := pgxpool.NewWithConfig(t.Context(), b.pool.Config())
	if err != nil {
		t.Fatal(err)
	}
	pool.Close()
	g, err := gateway.New(b.config, postgres.New(pool), b.calls)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g.Handler())
	t.Cleanup(server.Close)
	p := dialAt(t, server.URL)
	p.send(`{"type":"subscribe","id":"a","topic":"swap","swap_id":"` + id + `"}`)
	p.refused("a", swap.CodeInternal, "")
	p.send(`{"type":"subscribe","topic":"prices"}`)
	p.expect("subscribed")
	p.expect("prices")
}
