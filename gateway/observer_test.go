package gateway_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ferry/gateway"
	"ferry/swap"
)

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
