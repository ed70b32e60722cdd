package okx

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
	"ferry/liquidity/venue/venuetest"
	"ferry/swap/asset"
)

// What the documents' section "REST Authentication" names: its key and its time.
const publishedSecret = "22582BD0CFF14C41EDBF1AB98506286D"

var publishedTime = time.Date(2020, 12, 8, 9, 8, 57, 715_000_000, time.UTC)

// The documents tell what is signed and with which key and time, but no value: the values are
// OpenSSL's for the same texts ("openssl dgst -sha256 -hmac <key> -binary | base64").
func TestSignsAsTheDocumentsDo(t *testing.T) {
	t.Parallel()
	const stamp = "2020-12-08T09:08:57.715Z"
	if got := publishedTime.Format("2006-01-02T15:04:05.000Z"); got != stamp {
		t.Fatalf("the time is written as %s", got)
	}
	for _, c := range []struct{ method, path, body, want string }{
		{"GET", "/api/v5/account/balance?ccy=BTC", "", "HiZhvSfMtWJA3uUIVXV3a/bSXNPCWvYFXoGCVS8V4zY="},
		{"POST", "/api/v5/trade/order", `{"instId":"BTC-USDT","tdMode":"cash","clOrdId":"b15","side":"buy","ordType":"limit","px":"2.15","sz":"2"}`,
			"dI6rrL9rXW/HdaPKJ/6LC1OgvH4/PYju6R3CqixMTNQ="},
	} {
		if got := sign(rest.NewSecret(publishedSecret), stamp, c.method, c.path, c.body); got != c.want {
			t.Errorf("%s %s: signature %s, not %s", c.method, c.path, got, c.want)
		}
	}
}

// The examples of the documents (API v5): "Place order", "Order details", "Transaction
// details (last 3 days)", "Get balance", "Order book", "Get instruments".
func TestReadsThePublishedAnswers(t *testing.T) {
	t.Parallel()
	o := trade.Order{ClientID: strings.Repeat("b", 32), Side: trade.Buy, Price: 215, Size: 2, Deadline: publishedTime.Add(time.Second),
		Instrument: liquidity.Instrument{Base: asset.BTC, Quote: asset.USDT, PriceDecimals: 2}}
	address, asked := venuetest.Published(t, map[string]string{
		"POST /api/v5/trade/order":       venuetest.Example(t, "order.json", "oktswap6", o.ClientID),
		"GET /api/v5/trade/order":        venuetest.Example(t, "order_details.json", `"clOrdId": ""`, `"clOrdId": "`+o.ClientID+`"`),
		"GET /api/v5/trade/fills":        venuetest.Example(t, "fills.json"),
		"GET /api/v5/account/balance":    venuetest.Example(t, "balance.json"),
		"GET /api/v5/market/books":       venuetest.Example(t, "books.json"),
		"GET /api/v5/public/instruments": venuetest.Example(t, "instruments.json"),
	})
	trader, err := NewTrader(address, rest.Key{ID: "key", Secret: rest.NewSecret(publishedSecret), Passphrase: rest.NewSecret("phrase")},
		venuetest.AnswerWithin, func() time.Time { return publishedTime })
	if err != nil {
		t.Fatal(err)
	}
	if got, err := trader.Place(t.Context(), o); err != nil || got.VenueID != "312269865356374016" {
		t.Errorf("place: %+v, %v", got, err)
	}
	sameRequest(t, asked("POST /api/v5/trade/order").Body, venuetest.Example(t, "order_request.json", "b15", o.ClientID, `"limit"`, `"ioc"`))

	i := liquidity.Instrument{Base: asset.BTC, Quote: asset.USDT, PriceDecimals: 1, SizeDecimals: 8}
	o.Instrument = i
	if got, err := trader.Find(t.Context(), o, publishedTime); err != nil || got != (trade.Report{VenueID: "680800019749904384", Over: true, Filled: 192_834}) {
		t.Errorf("find: %+v, %v", got, err)
	}
	// The fee, 0.00000192834, is finer than the coin: rounded against the house.
	want := trade.Fill{ID: "BTC-USDT:744876980:680800019749904384", VenueOrderID: "680800019749904384", Side: trade.Buy, Price: 518_580, Size: 192_834,
		Fee: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(193)}, At: time.UnixMilli(1708587373362)}
	if got, err := trader.Fills(t.Context(), i, publishedTime); err != nil || !reflect.DeepEqual(got, []trade.Fill{want}) {
		t.Errorf("fills: %+v, %v", got, err)
	}
	if got, err := trader.Balances(t.Context()); err != nil || !maps.Equal(got, map[asset.ID]asset.Units{asset.USDT: asset.NewUnits(4_850_435_693)}) {
		t.Errorf("balances: %v, %v", got, err)
	}
	depth := trade.Depth{Bids: []book.Level{{Price: 410_063, Size: 30_178_218}}, Asks: []book.Level{{Price: 410_068, Size: 60_038_921}}}
	if got, err := trader.Depth(t.Context(), i); err != nil || !reflect.DeepEqual(got, depth) {
		t.Errorf("depth: %+v, %v", got, err)
	}
	if got, err := trader.Rules(t.Context(), i); err != nil || got != (trade.Rules{PriceStep: 1, SizeStep: 1, MinSize: 1000}) {
		t.Errorf("rules: %+v, %v", got, err)
	}
}

// sameRequest compares two JSON objects.
func sameRequest(t *testing.T, got, want string) {
	t.Helper()
	var a, b map[string]any
	if err := json.Unmarshal([]byte(got), &a); err != nil {
		t.Fatalf("%q: %v", got, err)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatalf("%q: %v", want, err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("sent %s, and the documents %s", got, want)
	}
}
