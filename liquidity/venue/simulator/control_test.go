package simulator

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// An unplugged venue ends its connections and answers nothing, orders neither; the others go
// on, and it does again once it is plugged.
func TestUnplug(t *testing.T) {
	t.Parallel()
	address := run(t, func(c *Config) { c.Venues = []string{Binance, Kraken, Bitstamp} })
	conn := dial(t, "ws://"+address+"/kraken/v2", nil)
	told := func(body string) {
		if status, _, said := do(t, http.MethodPost, "http://"+address+"/control/fault", body); status != http.StatusNoContent {
			t.Fatalf("%s: %d %s", body, status, said)
		}
	}
	answers := func(method, path string) bool {
		request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			err = response.Body.Close()
		}
		return err == nil
	}
	told(`{"fault":"unplug","venue":"kraken"}`)
	for err := error(nil); err == nil; _, _, err = conn.Read(t.Context()) {
	}
	if t.Context().Err() != nil {
		t.Fatal("the connection was never cut")
	}
	for path, want := range map[string]bool{"/kraken/v2": false, "/kraken/0/private/AddOrder": false, "/bitstamp/api/v2/order_book/ethbtc/": true,
		"/api/v3/depth?symbol=ETHBTC": true, "/control/orders": true} {
		if got := answers(http.MethodGet, path); got != want {
			t.Errorf("%s answers: %t", path, got)
		}
	}
	told(`{"fault":"unplug"}`)
	if answers(http.MethodGet, "/api/v3/depth?symbol=ETHBTC") || answers(http.MethodPost, "/api/v3/order") {
		t.Error("Binance answers, and is unplugged with all others")
	}
	told(`{"fault":"plug"}`)
	for _, path := range []string{"/kraken/v2", "/bitstamp/api/v2/order_book/ethbtc/", "/api/v3/depth?symbol=ETHBTC"} {
		if !answers(http.MethodGet, path) {
			t.Errorf("%s does not answer, and is plugged again", path)
		}
	}
	dial(t, "ws://"+address+"/kraken/v2", nil)
}

// Each order that was taken is told, one whose id came twice twice.
func TestOrdersAreTold(t *testing.T) {
	t.Parallel()
	address := run(t, func(c *Config) { c.Venues = []string{Binance, Kraken} })
	server, err := New(Config{Markets: []Market{parse(t, "ETH-BTC=0.035")}, Every: time.Second, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	f := server.symbols["ETHBTC"]
	for _, client := range []string{"a", "b", "a"} {
		if _, v := server.desks[Kraken].place(placement{client: client, feed: f, buy: true, size: coin / 10, price: coin}, time.Now()); v != answer {
			t.Fatalf("order %s: %v", client, v)
		}
	}
	want := []Seen{{Kraken, "a", coin / 10}, {Kraken, "b", coin / 10}, {Kraken, "a", coin / 10}}
	if got := server.Seen(); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	status, _, body := do(t, http.MethodGet, "http://"+address+"/control/orders", "")
	var none []Seen
	if err := json.NewDecoder(io.LimitReader(strings.NewReader(body), 1<<10)).Decode(&none); status != http.StatusOK || err != nil || none == nil || len(none) != 0 {
		t.Errorf("%d %s: %v", status, body, err)
	}
}
