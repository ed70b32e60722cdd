package gateway_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"ferry/gateway"
	"ferry/gateway/stream"
	"ferry/swap"
)

// Streams are told as streams: opened, what was sent, continued, ended. Their length
// is no duration of an answer; a stream that was refused is an answer like any other.
func TestStreamsAreObserved(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	times := map[string]int{}
	note := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		times[fmt.Sprintf(format, args...)]++
	}
	count := func(what string) int {
		mu.Lock()
		defer mu.Unlock()
		return times[what]
	}
	b := setup(t, func(c *gateway.Config) {
		c.Observer = gateway.Observer{
			Request: func(route string, status int, _ time.Duration) { note("%s %d", route, status) },
			Streams: stream.Observer{
				Opened:   func(kind stream.Kind) { note("opened %s", kind) },
				Ended:    func(kind stream.Kind, why stream.Reason) { note("ended %s %s", kind, why) },
				Sent:     func(kind stream.Kind, message string) { note("sent %s %s", kind, message) },
				Replayed: func(kind stream.Kind) { note("replayed %s", kind) },
			}}
	})
	end := b.stream(t)
	id := b.newSwap(t, aKey, 3)
	gone := b.dial(t)
	gone.send(`{"type":"subscribe","topic":"swap","swap_id":"` + id + `"}`)
	gone.expect("subscribed")
	gone.versions(id, 3)
	if n := count("replayed websocket"); n != 0 {
		t.Errorf("%d subscriptions from the start are told as continued", n)
	}
	if err := gone.conn.CloseNow(); err != nil {
		t.Log(err)
	}
	eventually(t.Context(), t, func() bool { return count("ended websocket gone") == 1 })
	back := b.dial(t)
	back.send(`{"type":"subscribe","topic":"swap","swap_id":"` + id + `","after":1}`)
	back.expect("subscribed")
	back.versions(id, 3)
	l := b.listen(t, id, "Last-Event-ID", "2")
	if got, _, _ := l.event(); got != "3" {
		t.Errorf("event %s, want 3", got)
	}
	refused(t, b.send(t, http.MethodGet, "/v1/stream", ""), 422, swap.CodeRefused, "Upgrade", "websocket")
	go end()
	back.closed(websocket.StatusGoingAway, "the service is stopping; connect again")
	for what, want := range map[string]int{"opened websocket": 2, "opened events": 1, "ended websocket gone": 1, "ended websocket stopping": 1,
		"ended events stopping": 1, "replayed websocket": 1, "replayed events": 1, "sent websocket subscribed": 2, "sent events swap": 1} {
		eventually(t.Context(), t, func() bool { return count(what) == want })
	}
	// What was answered is told by its route, and no stream that was opened is.
	if n := count("GET /v1/stream 422"); n != 1 {
		t.Errorf("%d refused handshakes are told of", n)
	}
	mu.Lock()
	defer mu.Unlock()
	for what := range times {
		if strings.HasPrefix(what, "GET /v1/stream 1") || strings.HasPrefix(what, "GET /v1/swaps/{id}/events") {
			t.Errorf("a stream is told as a request: %s", what)
		}
	}
}

// Every answer is told with the pattern of its route, never with a path, and
// every problem with its code.
func TestObserver(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []string
	note := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, fmt.Sprintf(format, args...))
	}
	b := setup(t, func(c *gateway.Config) {
		c.Limits.PostsPerMinute, c.Limits.PostBurst = 1, 2
		c.Observer = gateway.Observer{Refused: func(code swap.Code) { note("%s", code) },
			Request: func(route string, status int, took time.Duration) { note("%s %d %t", route, status, took >= 0) }}
	})
	b.send(t, http.MethodGet, "/v1/assets", "")
	b.send(t, http.MethodGet, "/v1/swaps/"+swap.NewID(swap.SwapPrefix, b.clock.now()), "")
	b.send(t, http.MethodPost, "/v1/quotes", `{"from":"BTC","to":"BTC","deposit_amount":"1"}`)
	b.send(t, http.MethodPost, "/v1/swaps", b.swapBody(t), "Idempotency-Key", "a-key-of-mine")
	b.send(t, http.MethodPost, "/v1/quotes", "{}")
	b.send(t, http.MethodGet, "/elsewhere", "")
	mu.Lock()
	defer mu.Unlock()
	want := []string{"GET /v1/assets 200 true", "GET /v1/swaps/{id} 404 true", "not_found", "POST /v1/quotes 422 true", "unknown_pair",
		"POST /v1/swaps 201 true", " 429 true", "too_many_requests", "/ 404 true", "not_found"}
	if !slices.Equal(told, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
	if log := b.log.String(); !strings.Contains(log, `msg="swap created"`) || !strings.Contains(log, "swap=swap_") || !strings.Contains(log, "code=too_many_requests") {
		t.Errorf("the log lacks the swap or a code:\n%s", log)
	}
}
