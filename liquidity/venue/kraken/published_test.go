package kraken

import (
	"maps"
	"net/url"
	"reflect"
	"slices"
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

// publishedTime is that of the example of "Spot REST Authentication".
var publishedTime = time.UnixMilli(1616492376594)

// The examples of the documents (Spot REST): "Add Order", "Get Closed Orders", "Get Trades
// History", "Get Account Balance", "Get Order Book". The order has our client id, which the
// example has not, and no example of an open order can be this one; the trades' pair is in an
// asset that Ferry has, not in dollars.
func TestReadsThePublishedAnswers(t *testing.T) {
	t.Parallel()
	i := liquidity.Instrument{Base: asset.BTC, Quote: asset.USDT, PriceDecimals: 1, SizeDecimals: 8}
	o := trade.Order{ClientID: strings.Repeat("c", 32), Side: trade.Buy, Price: 275_000, Size: 125_000_000, Deadline: publishedTime.Add(5 * time.Second), Instrument: i}
	address, asked := venuetest.Published(t, map[string]string{
		"POST /0/private/AddOrder":      venuetest.Example(t, "add_order.json"),
		"POST /0/private/OpenOrders":    `{"error":[],"result":{"open":{}}}`,
		"POST /0/private/ClosedOrders":  venuetest.Example(t, "closed_orders.json", `"userref":1`, `"cl_ord_id":"`+o.ClientID+`"`),
		"POST /0/private/TradesHistory": venuetest.Example(t, "trades_history.json", "XXBTZUSD", "XBTUSDT"),
		"POST /0/private/Balance":       venuetest.Example(t, "balance.json"),
		"GET /0/public/Depth":           venuetest.Example(t, "depth.json"),
	})
	trader, err := NewTrader(address, rest.Key{ID: "key", Secret: rest.NewSecret("c2VjcmV0")}, venuetest.AnswerWithin, func() time.Time { return publishedTime })
	if err != nil {
		t.Fatal(err)
	}
	// Its "order": "buy 1.25000000 XBTUSD @ limit 27500.0".
	if got, err := trader.Place(t.Context(), o); err != nil || got != (trade.Report{VenueID: "OU22CG-KLAF2-FWUDD7"}) {
		t.Errorf("place: %+v, %v", got, err)
	}
	sent, err := url.ParseQuery(asked("POST /0/private/AddOrder").Body)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"type": "buy", "pair": "XBTUSDT", "ordertype": "limit", "nonce": "1616492376594000", "cl_ord_id": o.ClientID, "timeinforce": "IOC"} {
		if sent.Get(name) != want {
			t.Errorf("sent %s %q, not %q", name, sent.Get(name), want)
		}
	}
	if got, err := trader.Find(t.Context(), o, publishedTime); err != nil || got != (trade.Report{VenueID: "O37652-RJWRT-IMO74O", Over: true}) {
		t.Errorf("find: %+v, %v", got, err)
	}
	got, err := trader.Fills(t.Context(), i, publishedTime)
	slices.SortFunc(got, func(a, b trade.Fill) int { return a.At.Compare(b.At) })
	if want := []trade.Fill{
		{ID: "TCWJEG-FL4SZ-3FKGH6", VenueOrderID: "OQCLML-BW3P3-BUCMWZ", Side: trade.Buy, Price: 300_100, Size: 1_000_000, At: time.Unix(1688667769, 639_600_000)},
		{ID: "THVRQM-33VKH-UCI7BS", VenueOrderID: "OQCLML-BW3P3-BUCMWZ", Side: trade.Buy, Price: 300_100, Size: 2_000_000, At: time.Unix(1688667796, 880_200_000)},
	}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("fills: %+v, %v", got, err)
	}
	balances := map[asset.ID]asset.Units{asset.BTC: asset.NewUnits(101_119_088_779), asset.USDT: asset.NewUnits(500_000_000_000), asset.ETH: units(t, "818550000000000000000")}
	if got, err := trader.Balances(t.Context()); err != nil || !maps.Equal(got, balances) {
		t.Errorf("balances: %v, %v", got, err)
	}
	i.SizeDecimals = 3
	depth := trade.Depth{Bids: []book.Level{{Price: 302_970, Size: 1115}, {Price: 302_967, Size: 2002}, {Price: 302_898, Size: 5001}},
		Asks: []book.Level{{Price: 303_841, Size: 2059}, {Price: 303_879, Size: 1500}, {Price: 303_937, Size: 9871}}}
	if got, err := trader.Depth(t.Context(), i); err != nil || !reflect.DeepEqual(got, depth) {
		t.Errorf("depth: %+v, %v", got, err)
	}
}

func units(t *testing.T, text string) asset.Units {
	t.Helper()
	u, err := asset.ParsePlaces(text, 0)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
