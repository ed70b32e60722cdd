package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

func newClient(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	keys := swaptest.NewKeys()
	c, err := New(Config{URL: server.URL, Networks: swaptest.Networks, QuoteKeys: keys.QuoteKeys(), AttestKeys: keys.AttestKeys()})
	must(t, err)
	return c
}

func answer(t *testing.T, w http.ResponseWriter, status int, text string) {
	t.Helper()
	w.WriteHeader(status)
	if _, err := io.WriteString(w, text); err != nil {
		t.Error(err)
	}
}

func TestProblemsAreErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		want   Problem
	}{
		"a problem": {422, `{"type":"urn:ferry:problem:amount_too_small","title":"x","status":422,"detail":"Too small.","code":"amount_too_small","field":"deposit_amount","limit":"0.001 BTC","request_id":"ab"}`,
			Problem{Status: 422, Code: swap.CodeAmountTooSmall, Detail: "Too small.", Field: "deposit_amount", Limit: "0.001 BTC", RequestID: "ab"}},
		"a page": {502, "<html>", Problem{Status: 502, Code: swap.CodeInternal, Detail: "status 502 without a problem document"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			c := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				answer(t, w, test.status, test.body)
			})
			_, _, err := c.CreateQuote(t.Context(), QuoteRequest{From: asset.BTC, To: asset.ETH, DepositAmount: "1"})
			var p *Problem
			if !errors.As(err, &p) || *p != test.want {
				t.Errorf("got %v, want %+v", err, test.want)
			}
			if calls.Load() != 1 {
				t.Errorf("a quote was asked for %d times", calls.Load())
			}
		})
	}
}

// A swap is asked for again with the same key and body until it is answered.
func TestCreateSwapRepeats(t *testing.T) {
	t.Parallel()
	var bodies []string
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies = append(bodies, r.Header.Get("Idempotency-Key")+string(body))
		if len(bodies) < 3 {
			answer(t, w, 503, `{"code":"unavailable","detail":"Try again."}`)
			return
		}
		answer(t, w, 410, `{"code":"quote_expired","detail":"Too late."}`)
	})
	_, err := c.CreateSwap(t.Context(), "key-of-ours", SwapRequest{SignedQuote: "x", PayoutAddress: "y", RefundAddress: "z"})
	var p *Problem
	if !errors.As(err, &p) || p.Code != swap.CodeQuoteExpired {
		t.Fatalf("got %v", err)
	}
	want := `key-of-ours{"signed_quote":"x","payout_address":"y","refund_address":"z"}`
	if len(bodies) != 3 || bodies[0] != want || bodies[1] != want || bodies[2] != want {
		t.Errorf("sent %q", bodies)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		text := `{"id":"swap_other"}`
		if strings.HasSuffix(r.URL.Path, "/rates") {
			text = "["
		}
		answer(t, w, 200, text)
	})
	if _, err := c.Swap(t.Context(), "swap_ours"); err == nil || !strings.Contains(err.Error(), "swap_other") {
		t.Errorf("another swap: %v", err)
	}
	if _, err := c.Rates(t.Context()); err == nil || !strings.Contains(err.Error(), "not as described") {
		t.Errorf("half a JSON: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Assets(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
}

func TestNewWantsPinnedKeys(t *testing.T) {
	t.Parallel()
	keys := swaptest.NewKeys()
	good := Config{URL: "http://127.0.0.1:8080", Networks: swaptest.Networks, QuoteKeys: keys.QuoteKeys(), AttestKeys: keys.AttestKeys()}
	for name, edit := range map[string]func(*Config){
		"no quote keys": func(c *Config) { c.QuoteKeys = nil }, "no attest keys": func(c *Config) { c.AttestKeys = nil },
		"no URL": func(c *Config) { c.URL = "127.0.0.1:8080" }, "no network": func(c *Config) { c.Networks = asset.Networks{} },
	} {
		bad := good
		edit(&bad)
		if _, err := New(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
