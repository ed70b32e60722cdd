package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"ferry/cmd/internal/admin/market"
	"ferry/liquidity/venue/simulator"
)

// The book that fewest venues price counts.
func TestPricingVenues(t *testing.T) {
	t.Parallel()
	of := func(states ...string) market.Instrument {
		var i market.Instrument
		for _, state := range states {
			i.Venues = append(i.Venues, market.Venue{State: state})
		}
		return i
	}
	for want, books := range map[int][]market.Instrument{
		0: nil, 3: {of(market.Used, market.Used, market.Used), of(market.Used, market.Excluded, market.Used, market.Used)},
		1: {of(market.Used, market.Used), of(market.Unfit, market.Used, market.Excluded)},
	} {
		if got := pricing(market.Answer{Instruments: books}); got != want {
			t.Errorf("%+v: %d, not %d", books, got, want)
		}
	}
}

// What the venues refuse is an error that shows what they said.
func TestMisbehave(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/control/fault" && r.Header.Get("Content-Type") == "" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		http.Error(w, "no such thing", http.StatusNotFound)
	}))
	t.Cleanup(server.Close)
	fault := simulator.Fault{Kind: simulator.Unplug, Venue: simulator.Kraken}
	if err := misbehave(t.Context(), server.URL, fault); err != nil {
		t.Error(err)
	}
	if err := misbehave(t.Context(), server.URL+"/elsewhere", fault); err == nil || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("%v", err)
	}
}
