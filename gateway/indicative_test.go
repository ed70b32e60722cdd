package gateway_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"testing"
	"time"

	"ferry/swap"
)

const indicative = "/v1/quotes/indicative?"

// Setup: one rate of BTC-ETH, no daemon that answers. Test: both amounts are told from it;
// whatever is wrong with a query is refused with its field.
func TestIndicativeQuote(t *testing.T) {
	t.Parallel()
	b := setup(t)
	refused(t, b.send(t, http.MethodGet, indicative+"from=BTC&to=ETH&deposit_amount=0.1", ""), 503, swap.CodePriceUnavailable, "", "")
	b.gateway.HearRate(b.rateRecord(t, "27.5"))
	for query, want := range map[string][2]string{
		"from=BTC&to=ETH&deposit_amount=0.1":       {"0.1", "2.748"},
		"payout_amount=2.748&to=ETH&from=BTC":      {"0.1", "2.748"},
		"from=%42TC&to=ETH&deposit_amount=0%2E10&": {"0.1", "2.748"},
	} {
		a := b.send(t, http.MethodGet, indicative+query, "")
		var got map[string]string
		if err := json.Unmarshal(a.body, &got); err != nil || a.status != 200 || a.header.Get("Content-Type") != "application/json" {
			t.Fatalf("%s: %d %s, %v", query, a.status, a.body, err)
		}
		at := swap.Millis(b.clock.now()).UTC().Format("2006-01-02T15:04:05.000Z")
		if expected := map[string]string{"from": "BTC", "to": "ETH", "deposit_amount": want[0], "payout_amount": want[1],
			"price": "27.5", "network_fee": "0.002", "at": at}; !reflect.DeepEqual(got, expected) {
			t.Errorf("%s: %v, want %v", query, got, expected)
		}
	}
	for query, want := range map[string]struct {
		status int
		code   swap.Code
		field  string
	}{
		"":                                     {422, swap.CodeUnknownPair, "from"},
		"from=BTC&to=BTC&deposit_amount=1":     {422, swap.CodeUnknownPair, "to"},
		"from=BTC&to=ETH":                      {422, swap.CodeInvalidAmount, "deposit_amount"},
		"from=BTC&to=ETH&deposit_amount=x":     {422, swap.CodeInvalidAmount, "deposit_amount"},
		"from=BTC&to=ETH&deposit_amount=1&x=1": {400, swap.CodeInvalidBody, "x"},
		"from=BTC&from=BTC&to=ETH":             {400, swap.CodeInvalidBody, "from"},
		"from=%zz":                             {400, swap.CodeInvalidBody, ""},
		"from=BTC;to=ETH":                      {400, swap.CodeInvalidBody, ""},
	} {
		a := b.send(t, http.MethodGet, indicative+query, "")
		var p struct {
			Code  swap.Code `json:"code"`
			Field string    `json:"field"`
		}
		if err := json.Unmarshal(a.body, &p); err != nil || a.status != want.status || p.Code != want.code || p.Field != want.field {
			t.Errorf("%s: %d %s, %v", query, a.status, a.body, err)
		}
	}
	refused(t, b.send(t, http.MethodGet, indicative+"from=BTC&to=ETH&deposit_amount=3", ""), 422, swap.CodeAmountTooLarge, "deposit_amount", "2 BTC")
	b.clock.advance(time.Minute)
	refused(t, b.send(t, http.MethodGet, indicative+"from=BTC&to=ETH&deposit_amount=0.1", ""), 503, swap.CodePriceUnavailable, "", "")
}
