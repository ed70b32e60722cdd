package simulator

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const patience = time.Minute

// run serves until the test ends, and answers the address.
func run(t *testing.T, change func(*Config)) string {
	t.Helper()
	c := Config{Seed: 1, Venues: []string{Binance}, Markets: []Market{parse(t, "ETH-BTC=0.035")}, Every: time.Millisecond, Control: true, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func dial(t *testing.T, url string, options *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), url, options) //nolint:bodyclose // Dial leaves a body that needs no closing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	return conn
}

// do asks and answers status, header and body.
func do(t *testing.T, method, url, body string) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(raw)
}

// Raw and combined streams tell the same, the latter with the stream's name; a
// notice has a stream of its own.
func TestStreams(t *testing.T) {
	t.Parallel()
	address := run(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	raw := dial(t, "ws://"+address+"/ws/ethbtc@depth@100ms", nil)
	combined := dial(t, "ws://"+address+"/stream?streams=ethbtc@depth@100ms", nil)
	if status, _, body := do(t, http.MethodPost, "http://"+address+"/control/fault", `{"fault":"shutdown","count":20}`); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, body)
	}
	plain := map[string]bool{}
	for {
		_, message, err := raw.Read(ctx)
		if err != nil {
			break
		}
		plain[string(message)] = true
	}
	streams := map[string]int{}
	common := 0
	for {
		_, message, err := combined.Read(ctx)
		if err != nil {
			break
		}
		var wrapped struct {
			Stream string          `json:"stream"`
			Data   json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal(message, &wrapped); err != nil {
			t.Fatal(err)
		}
		streams[wrapped.Stream]++
		if plain[string(wrapped.Data)] {
			common++
		}
	}
	if ctx.Err() != nil || streams["!serverShutdown"] != 1 || streams["ethbtc@depth@100ms"] < 20 || common < 20 {
		t.Errorf("streams %v, %d in common, %v", streams, common, ctx.Err())
	}
}

// Snapshots are answered as the venue does, well or badly.
func TestDepth(t *testing.T) {
	t.Parallel()
	address := run(t, nil)
	for _, c := range []struct {
		fault, query string
		status       int
		levels       int
		retry        string
	}{
		{"", "symbol=ETHBTC&limit=7", 200, 7, ""},
		{"", "symbol=ETHBTC", 200, depth, ""},
		{"", "symbol=ETHBTC&limit=9999", 200, depth, ""},
		{"", "symbol=ETHBTC&limit=x", 400, 0, ""},
		{"", "symbol=ETHBTC&limit=0", 400, 0, ""},
		{"", "symbol=DOGE", 400, 0, ""},
		{`{"fault":"throttle","seconds":7}`, "symbol=ETHBTC", 429, 0, "7"},
		{`{"fault":"ban","seconds":120}`, "symbol=ETHBTC", 418, 0, "120"},
		{`{"fault":"failure"}`, "symbol=ETHBTC", 500, 0, ""},
		{`{"fault":"old_snapshot"}`, "symbol=ETHBTC&limit=5000", 200, depth, ""},
		{"", "symbol=ETHBTC&limit=100", 200, depth, ""},
	} {
		if c.fault != "" {
			if status, _, body := do(t, http.MethodPost, "http://"+address+"/control/fault", c.fault); status != http.StatusNoContent {
				t.Fatalf("%s: %d %s", c.fault, status, body)
			}
		}
		status, header, body := do(t, http.MethodGet, "http://"+address+"/api/v3/depth?"+c.query, "")
		var answer depthAnswer
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Errorf("%s: %v in %s", c.query, err, body)
		}
		if status != c.status || len(answer.Bids) != c.levels || len(answer.Asks) != c.levels || header.Get("Retry-After") != c.retry {
			t.Errorf("%s after %s: %d, %d levels, retry after %q", c.query, c.fault, status, len(answer.Bids), header.Get("Retry-After"))
		}
		if first := answer.Last == firstID+2*depth; strings.Contains(c.fault, "old") && !first {
			t.Errorf("the old snapshot is of %d", answer.Last)
		}
	}
}

// More than the venue's weight per minute is refused.
func TestTooMuchWeight(t *testing.T) {
	t.Parallel()
	address := run(t, nil)
	// The count begins anew with a minute, so twice the weight is enough at any time.
	for range 2*minuteWeight/weightOf(maxSnapshot) + 2 {
		status, header, _ := do(t, http.MethodGet, "http://"+address+"/api/v3/depth?symbol=ETHBTC&limit=5000", "")
		if status == http.StatusTooManyRequests {
			if header.Get("Retry-After") == "" || header.Get("X-Mbx-Used-Weight-1m") != "6250" {
				t.Errorf("headers %v", header)
			}
			return
		}
	}
	t.Error("nothing was refused")
}

// A client that answers no pings is cut off, one that does is not; all are when
// their time is over.
func TestPingsAndLife(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers bool
		config  Config
	}{
		"answers":        {true, Config{PingEvery: 5 * time.Millisecond, PongWithin: patience}},
		"does not":       {false, Config{PingEvery: 5 * time.Millisecond, PongWithin: 50 * time.Millisecond}},
		"its time is up": {true, Config{Life: 100 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := run(t, func(config *Config) {
				config.PingEvery, config.PongWithin, config.Life = c.config.PingEvery, c.config.PongWithin, c.config.Life
			})
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			pings := 0
			conn := dial(t, "ws://"+address+"/ws/ethbtc@depth@100ms", &websocket.DialOptions{
				OnPingReceived: func(context.Context, []byte) bool { pings++; return c.answers }})
			stays := name == "answers"
			for !stays || pings < 10 {
				if _, _, err := conn.Read(ctx); err != nil {
					if stays || ctx.Err() != nil {
						t.Fatalf("after %d pings: %v", pings, err)
					}
					return
				}
			}
		})
	}
}

// The script runs by itself.
func TestScript(t *testing.T) {
	t.Parallel()
	script, err := ParseScript("disconnect@100ms")
	if err != nil {
		t.Fatal(err)
	}
	address := run(t, func(c *Config) { c.Script = script })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn := dial(t, "ws://"+address+"/ws/ethbtc@depth@100ms", nil)
	for {
		if _, _, err := conn.Read(ctx); err != nil {
			break
		}
	}
	if ctx.Err() != nil {
		t.Error("the connection was never cut")
	}
}

func TestControlRefuses(t *testing.T) {
	t.Parallel()
	address := run(t, nil)
	for _, body := range []string{"", "{}", `{"fault":"rain"}`, `{"fault":"gap","count":-1}`, `{"fault":"gap","much":1}`, strings.Repeat(" ", 2<<10) + `{"fault":"gap"}`} {
		if status, _, _ := do(t, http.MethodPost, "http://"+address+"/control/fault", body); status != http.StatusBadRequest {
			t.Errorf("%.40q: status %d", body, status)
		}
	}
	closed := run(t, func(c *Config) { c.Control = false })
	if status, _, _ := do(t, http.MethodPost, "http://"+closed+"/control/fault", `{"fault":"gap"}`); status != http.StatusNotFound {
		t.Errorf("without control: status %d", status)
	}
	if status, _, _ := do(t, http.MethodGet, "http://"+address+"/ws/dogebtc@depth@100ms", ""); status != http.StatusNotFound {
		t.Errorf("another stream: status %d", status)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	m := parse(t, "ETH-BTC=0.035")
	log := slog.New(slog.DiscardHandler)
	for name, c := range map[string]Config{
		"no market": {Every: time.Second, Log: log}, "twice": {Markets: []Market{m, m}, Every: time.Second, Log: log},
		"no pace": {Markets: []Market{m}, Log: log}, "no log": {Markets: []Market{m}, Every: time.Second},
		"another venue":     {Markets: []Market{m}, Every: time.Second, Log: log, Venues: []string{"mtgox"}},
		"a time before now": {Markets: []Market{m}, Every: time.Second, Log: log, Life: -1},
		"another fault":     {Markets: []Market{m}, Every: time.Second, Log: log, Script: []Scheduled{{Fault: Fault{Kind: "rain"}}}},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
