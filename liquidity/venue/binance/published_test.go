package binance

import (
	"maps"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
	"ferry/liquidity/venue/venuetest"
	"ferry/swap/asset"
)

// The examples of the documents (Spot REST API): "New order" with its answer RESULT, "Account
// trade list", "Account information".
func TestReadsThePublishedAnswers(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1499827319559)
	o := trade.Order{ClientID: strings.Repeat("d", 32), Side: trade.Sell, Price: 400_000, Size: 1_000_000_000, Deadline: now.Add(5 * time.Second),
		Instrument: liquidity.Instrument{Base: asset.BTC, Quote: asset.USDT, PriceDecimals: 2, SizeDecimals: 8}}
	order := venuetest.Example(t, "order.json", "6gCrw2kRUAF9CvJDGP16IP", o.ClientID)
	answers := map[string]string{
		"POST /api/v3/order": order, "GET /api/v3/order": order,
		// Fees in an asset that Ferry has no book of are refused, so that none is lost.
		"GET /api/v3/myTrades": venuetest.Example(t, "trades.json"),
		"GET /api/v3/account":  venuetest.Example(t, "account.json"),
	}
	address, asked := venuetest.Published(t, answers)
	trader, err := NewTrader(address, rest.Key{ID: "key", Secret: rest.NewSecret("secret")}, venuetest.AnswerWithin, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	filled := trade.Report{VenueID: "28", Over: true, Filled: 1_000_000_000}
	if got, err := trader.Place(t.Context(), o); err != nil || got != filled {
		t.Errorf("place: %+v, %v", got, err)
	}
	sent, err := url.ParseQuery(asked("POST /api/v3/order").Query)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "IOC", "timestamp": "1499827319559", "recvWindow": "5000"} {
		if sent.Get(name) != want {
			t.Errorf("sent %s %q, not %q", name, sent.Get(name), want)
		}
	}
	if got, err := trader.Find(t.Context(), o, now); err != nil || got != filled {
		t.Errorf("find: %+v, %v", got, err)
	}
	balances := map[asset.ID]asset.Units{asset.BTC: asset.NewUnits(472_384_689_208_129), asset.LTC: asset.NewUnits(476_336_868_006_011)}
	if got, err := trader.Balances(t.Context()); err != nil || !maps.Equal(got, balances) {
		t.Errorf("balances: %v, %v", got, err)
	}
	i := liquidity.Instrument{Base: asset.LTC, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}
	if _, err := trader.Fills(t.Context(), i, now); err == nil || !strings.Contains(err.Error(), "BNB") {
		t.Errorf("a fee in BNB: %v", err)
	}
	address, _ = venuetest.Published(t, map[string]string{"GET /api/v3/myTrades": venuetest.Example(t, "trades.json", `"BNB"`, `"BTC"`)})
	if trader, err = NewTrader(address, rest.Key{ID: "key", Secret: rest.NewSecret("secret")}, venuetest.AnswerWithin, func() time.Time { return now }); err != nil {
		t.Fatal(err)
	}
	want := trade.Fill{ID: "LTCBTC:28457", VenueOrderID: "100234", Side: trade.Buy, Price: 400_000_100, Size: 1_200_000_000,
		Fee: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(1_010_000_000)}, At: time.UnixMilli(1499865549590)}
	if got, err := trader.Fills(t.Context(), i, now); err != nil || !reflect.DeepEqual(got, []trade.Fill{want}) {
		t.Errorf("fills: %+v, %v", got, err)
	}
}
