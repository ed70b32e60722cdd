package bitstamp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
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

// The documents' example ("Authentication", in Python) signs POST /api/v2/user_transactions/
// with the form offset=1, for a nonce and a time it takes at random: the value is OpenSSL's
// for the text that the example makes of the nonce and the time here.
func TestSignsAsTheDocumentsDo(t *testing.T) {
	t.Parallel()
	key := rest.Key{ID: "api_key", Secret: rest.NewSecret("api_key_secret")}
	got := sign(key, "POST", "www.bitstamp.net", "/api/v2/user_transactions/", "application/x-www-form-urlencoded",
		"4c1c2f0e-9f7e-4a43-8b5e-2f3d6b1a7c90", "1643643584684", "offset=1")
	if want := "78abd3dd5b2b604164943609c23f621840f38309c248910826649d4c10ee6db8"; got != want {
		t.Errorf("signature %s, not %s", got, want)
	}
}

// Answers of the venue, as CCXT's source records them above the code that reads them (the
// venue's own documents have tables): a limit order, "Order status", "User transactions" and
// "Account balances". The client id is ours; the order's own pair is LTC/BTC.
func TestReadsTheRecordedAnswers(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1643643584684)
	o := trade.Order{ClientID: strings.Repeat("e", 32), Side: trade.Buy, Price: 8012, Size: 1_500_000_000, Deadline: now.Add(30 * time.Second),
		Instrument: liquidity.Instrument{Base: asset.LTC, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}}
	mine := `"client_order_id":"` + o.ClientID + `"`
	address, asked := venuetest.Published(t, map[string]string{
		"POST /api/v2/buy/ltcbtc/":                venuetest.Example(t, "buy.json", `"client_order_id":""`, mine),
		"POST /api/v2/order_status/":              venuetest.Example(t, "order_status.json", `"client_order_id":""`, mine),
		"POST /api/v2/user_transactions/ethusdt/": venuetest.Example(t, "user_transactions.json"),
		"POST /api/v2/account_balances/":          venuetest.Example(t, "account_balances.json"),
	})
	trader, err := NewTrader(address, rest.Key{ID: "key", Secret: rest.NewSecret("secret")}, venuetest.AnswerWithin, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	if got, err := trader.Place(t.Context(), o); err != nil || got != (trade.Report{VenueID: "2814205012"}) {
		t.Errorf("place: %+v, %v", got, err)
	}
	i := liquidity.Instrument{Base: asset.ETH, Quote: asset.USDT, PriceDecimals: 2, SizeDecimals: 8}
	found := o
	found.Instrument = i
	if got, err := trader.Find(t.Context(), found, now); err != nil || got != (trade.Report{VenueID: "468646390", Over: true, Filled: 23_000_000}) {
		t.Errorf("find: %+v, %v", got, err)
	}
	want := trade.Fill{ID: "209895701", VenueOrderID: "1429545880227846", Side: trade.Buy, Price: 445_125, Size: 500_000,
		Fee: asset.Amount{Asset: asset.USDT, Units: asset.NewUnits(111_280)}, At: time.Date(2021, 11, 25, 12, 59, 59, 322_000_000, time.UTC)}
	if got, err := trader.Fills(t.Context(), i, now); err != nil || !reflect.DeepEqual(got, []trade.Fill{want}) {
		t.Errorf("fills: %+v, %v", got, err)
	}
	if got, err := trader.Balances(t.Context()); err != nil || !maps.Equal(got, map[asset.ID]asset.Units{asset.USDT: asset.NewUnits(7_000_000)}) {
		t.Errorf("balances: %v, %v", got, err)
	}
	for _, key := range []string{"POST /api/v2/buy/ltcbtc/", "POST /api/v2/account_balances/"} {
		signedAsInTheExample(t, strings.TrimPrefix(address, "http://"), asked(key))
	}
}

// signedAsInTheExample puts the text together in the order of the documents' example.
func signedAsInTheExample(t *testing.T, host string, r venuetest.Asked) {
	t.Helper()
	h := r.Header.Get
	message := h("X-Auth") + "POST" + host + r.Path + r.Query + h("Content-Type") + h("X-Auth-Nonce") + h("X-Auth-Timestamp") + h("X-Auth-Version") + r.Body
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write([]byte(message))
	if want := hex.EncodeToString(mac.Sum(nil)); h("X-Auth-Signature") != want || h("X-Auth") != "BITSTAMP key" || h("X-Auth-Version") != "v2" || len(h("X-Auth-Nonce")) != 36 {
		t.Errorf("%s: signature %q, not %q", r.Path, h("X-Auth-Signature"), want)
	}
}
