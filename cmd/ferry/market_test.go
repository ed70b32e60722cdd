package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ferry/cmd/ferry/internal/seed"
	"ferry/cmd/internal/admin/market"
	"ferry/liquidity"
	"ferry/swap/asset"
)

// desk plays liquidityd's admin endpoint: each time it is asked a second later and
// some messages later, and returns a root folder that names it.
func playDesk(t *testing.T, prices []liquidity.Price) string {
	t.Helper()
	return playDeskOf(t, func() []liquidity.Price {
		for i := range prices {
			for n := range prices[i].Venues {
				prices[i].Venues[n].Messages += int64(10 * (n + 1))
			}
		}
		return prices
	})
}

func playDeskOf(t *testing.T, list func() []liquidity.Price) string {
	t.Helper()
	at := seed.Now
	handler := market.Handler(list, func() time.Time { at = at.Add(time.Second); return at })
	mux := http.NewServeMux()
	mux.Handle("GET "+market.Path, handler)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	settings, err := json.Marshal(map[string]any{"admin": map[string]string{"liquidityd": strings.TrimPrefix(server.URL, "http://")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "run", "settings.json"), settings, 0o600); err != nil {
		t.Fatal(err)
	}
	return root
}

func marketOf(t *testing.T, root string, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), append([]string{"--root", root, "market", "--over", "1ms"}, args...), &app{out: &out, errs: &errs,
		now: func() time.Time { return seed.Now }, lookup: func(string) (string, bool) { return "", false }})
	return ran{code, out.String(), errs.String()}
}

func TestMarket(t *testing.T) {
	t.Parallel()
	prices := []liquidity.Price{{Instrument: liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8},
		Heard: true, Bid: 3_499_000, Ask: 3_501_000, Venues: []liquidity.VenuePrice{
			{Venue: "binance", Heard: true, Age: 40 * time.Millisecond, Price: 3_500_000, RatioPPM: 1_000_000, Messages: 5000, Gaps: 2, Outages: 2,
				Quality: liquidity.Quality{Class: "exchange", Latency: 12 * time.Millisecond, Changed: true, Unchanged: 90 * time.Millisecond, Suspect: 3 * time.Second}},
			{Venue: "kraken", Heard: true, Age: 1200 * time.Millisecond, Price: 3_500_350, RatioPPM: 1_000_100, Quality: liquidity.Quality{Class: "exchange"}},
			{Venue: "okx", Heard: true, Price: 3_710_000, RatioPPM: 1_060_000, Excluded: true, Quality: liquidity.Quality{Class: "exchange", Alert: "off"}},
			{Venue: "bitstamp", Heard: true, Age: 7 * time.Second, Unfit: "The venue's feed of ETH-BTC is stale.", Outages: 1,
				Quality: liquidity.Quality{Class: "exchange", Alert: "missing", Changed: true, Unchanged: 8 * time.Second, Suspect: 7 * time.Second, SuspectNow: true}},
			{Venue: "coinbase", Unfit: "No price of ETH-BTC has arrived yet.", Quality: liquidity.Quality{Class: "exchange", Alert: "missing"}},
		}}}
	root := playDesk(t, prices)
	got := marketOf(t, root)
	if got.code != 0 || got.errs != "" {
		t.Errorf("%d: %s", got.code, got.errs)
	}
	golden(t, "market.txt", got.out)
	var answer market.Answer
	asJSON := marketOf(t, root, "--json")
	if err := json.Unmarshal([]byte(asJSON.out), &answer); err != nil || asJSON.code != 0 || answer.Instruments[0].Venues[2].State != market.Excluded ||
		answer.Instruments[0].Bid != "0.03499" || answer.Instruments[0].Venues[4].AgeMillis != nil {
		t.Errorf("%s, %v", asJSON.out, err)
	}
	prices[0].Unfit, prices[0].Bid, prices[0].Ask = "The venues of ETH-BTC disagree on its price.", 0, 0
	if got := marketOf(t, root); got.code != exitNo || !strings.Contains(got.out, "!! The venues of ETH-BTC disagree") {
		t.Errorf("without a price: %d, %s", got.code, got.out)
	}
}

// A venue that is subscribed to between the two looks has no rate yet, nor has one whose
// connection was made anew; the others keep theirs, wherever they are in the list.
func TestRatesOfVenuesThatComeAndGo(t *testing.T) {
	t.Parallel()
	looks := 0
	venue := func(name string, messages int64) liquidity.VenuePrice {
		return liquidity.VenuePrice{Venue: name, Heard: true, Price: 3_500_000, Messages: messages, Quality: liquidity.Quality{Class: "exchange"}}
	}
	got := marketOf(t, playDeskOf(t, func() []liquidity.Price {
		p := liquidity.Price{Instrument: liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}, Heard: true, Bid: 3_499_000, Ask: 3_501_000}
		if looks++; looks == 1 {
			p.Venues = []liquidity.VenuePrice{venue("okx", 9000), venue("kraken", 100), venue("coinbase", 5000)}
		} else {
			p.Venues = []liquidity.VenuePrice{venue("binance", 40), venue("kraken", 117), venue("coinbase", 3)}
		}
		return []liquidity.Price{p}
	}))
	_, feeds, _ := strings.Cut(got.out, "msg/s")
	told := 0
	for name, want := range map[string]string{"binance": "-", "kraken": "17", "coinbase": "-"} {
		for line := range strings.Lines(feeds) {
			fields := strings.Fields(line)
			if len(fields) < 2 || fields[0] != name {
				continue
			}
			if told++; fields[1] != want {
				t.Errorf("%s has %s messages a second, want %s:\n%s", name, fields[1], want, got.out)
			}
		}
	}
	if told != 3 {
		t.Errorf("%d venues have their messages told:\n%s", told, got.out)
	}
	if got.code != 0 || strings.Count(got.out, "0.035") < 3 {
		t.Errorf("%d: %s%s", got.code, got.out, got.errs)
	}
}

func TestMarketWithoutFerry(t *testing.T) {
	t.Parallel()
	if got := marketOf(t, t.TempDir()); got.code != exitNo || !strings.Contains(got.errs, "no running liquidityd") {
		t.Errorf("%+v", got)
	}
	if got := marketOf(t, t.TempDir(), "--over", "2h"); got.code != exitUsage {
		t.Errorf("%+v", got)
	}
}
