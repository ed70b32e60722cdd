package coinbase

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
	"ferry/liquidity/venue/simulator"
	"ferry/liquidity/venue/venuetest"
	"ferry/swap/asset"
)

var publishedTime = time.Date(2021, 5, 31, 9, 59, 59, 0, time.UTC)

func opens(t *testing.T, address string) *Trader {
	t.Helper()
	trader, err := NewTrader(address, rest.Key{ID: "organizations/o/apiKeys/k", Secret: rest.NewSecret(simulator.CoinbaseKey())}, venuetest.AnswerWithin,
		func() time.Time { return publishedTime })
	if err != nil {
		t.Fatal(err)
	}
	return trader
}

// verified checks an ES256 token by RFC 7518 section 3.4 and returns its header and claims.
func verified(t *testing.T, token string, key *ecdsa.PublicKey) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("a token of %d parts", len(parts))
	}
	raw := make([][]byte, 3)
	for n, part := range parts {
		var err error
		if raw[n], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			t.Fatal(err)
		}
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if s := raw[2]; len(s) != 64 || !ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(s[:32]), new(big.Int).SetBytes(s[32:])) {
		t.Error("the signature is not of the key")
	}
	for n, into := range []*map[string]any{&header, &claims} {
		if err := json.Unmarshal(raw[n], into); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

// publishedToken is the example of RFC 7515, appendix A.3, and publishedX and publishedY its key.
const (
	publishedToken = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ." +
		"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
	publishedX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
	publishedY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
)

// A token is as the documents describe ("Generate a JWT"): ES256 with the key's name and a
// nonce in its header; issuer "cdp", the key's name, from now until two minutes later, and
// "METHOD host/path" as its claims. ES256 differs each time, so that it is verified, by code
// which first passes the standard's own example.
func TestSignsAsTheDocumentsDo(t *testing.T) {
	t.Parallel()
	point := []byte{4}
	for _, text := range []string{publishedX, publishedY} {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		point = append(point, raw...)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		t.Fatal(err)
	}
	if _, claims := verified(t, publishedToken, key); claims["iss"] != "joe" {
		t.Fatalf("%v", claims)
	}
	trader := opens(t, TradeURL)
	own, err := parseKey(rest.NewSecret(simulator.CoinbaseKey()))
	if err != nil {
		t.Fatal(err)
	}
	token, err := trader.token("GET", "/api/v3/brokerage/accounts", publishedTime.Add(tokenLife))
	if err != nil {
		t.Fatal(err)
	}
	header, claims := verified(t, token, &own.PublicKey)
	if nonce, _ := header["nonce"].(string); len(nonce) != 32 {
		t.Errorf("nonce %q", nonce)
	}
	delete(header, "nonce")
	if want := (map[string]any{"alg": "ES256", "kid": "organizations/o/apiKeys/k", "typ": "JWT"}); !maps.Equal(header, want) {
		t.Errorf("header %v, not %v", header, want)
	}
	from := float64(publishedTime.Unix())
	if want := (map[string]any{"iss": "cdp", "sub": "organizations/o/apiKeys/k", "nbf": from, "exp": from + 120,
		"uri": "GET api.coinbase.com/api/v3/brokerage/accounts"}); !maps.Equal(claims, want) {
		t.Errorf("claims %v, not %v", claims, want)
	}
}

// The examples of the documents (Advanced Trade REST): "Create Order", "List Orders", "List
// Fills", "List Accounts", "Get Public Product", "Get Public Product Book". Where they have a
// type instead of a value, or "", it is filled in; the client id is ours, and lists are whole.
func TestReadsThePublishedAnswers(t *testing.T) {
	t.Parallel()
	const base = "/api/v3/brokerage/"
	i := liquidity.Instrument{Base: asset.BTC, Quote: asset.USDC, PriceDecimals: 2, SizeDecimals: 8}
	o := trade.Order{ClientID: strings.Repeat("f", 32), Side: trade.Buy, Price: 1_000_000, Size: 100_000, Deadline: publishedTime.Add(30 * time.Second), Instrument: i}
	address, asked := venuetest.Published(t, map[string]string{
		"POST " + base + "orders":                  venuetest.Example(t, "order.json", "0000-00000-000000", o.ClientID),
		"GET " + base + "orders/historical/batch":  venuetest.Example(t, "orders.json", "11111-000000-000000", o.ClientID),
		"GET " + base + "orders/historical/fills":  venuetest.Example(t, "fills.json", `"side": ""`, `"side": "BUY"`, `"789100"`, `""`),
		"GET " + base + "accounts":                 venuetest.Example(t, "accounts.json", `"has_next": true`, `"has_next": false`),
		"GET " + base + "market/products/BTC-USDC": venuetest.Example(t, "product.json"),
		"GET " + base + "market/product_book":      venuetest.Example(t, "product_book.json", `"price": "<string>"`, `"price": "10000.00"`, `"size": "<string>"`, `"size": "0.001"`),
	})
	trader := opens(t, address)
	if got, err := trader.Place(t.Context(), o); err != nil || got != (trade.Report{VenueID: "11111-00000-000000"}) {
		t.Errorf("place: %+v, %v", got, err)
	}
	var sent any
	if err := json.Unmarshal([]byte(asked("POST "+base+"orders").Body), &sent); err != nil {
		t.Fatal(err)
	}
	// "sor_limit_ioc" of the example has these values; a price's last zeros are not written.
	if want := any(map[string]any{"client_order_id": o.ClientID, "product_id": "BTC-USDC", "side": "BUY",
		"order_configuration": map[string]any{"sor_limit_ioc": map[string]any{"base_size": "0.001", "limit_price": "10000"}}}); !reflect.DeepEqual(sent, want) {
		t.Errorf("sent %v, not %v", sent, want)
	}
	if got, err := trader.Find(t.Context(), o, publishedTime); err != nil || got != (trade.Report{VenueID: "0000-000000-000000", Filled: 100_000}) {
		t.Errorf("find: %+v, %v", got, err)
	}
	want := trade.Fill{ID: "22222-2222222-22222222", VenueOrderID: "0000-000000-000000", Side: trade.Buy, Price: 1_000_000, Size: 100_000,
		Fee: asset.Amount{Asset: asset.USDC, Units: asset.NewUnits(1_250_000)}, At: publishedTime}
	if got, err := trader.Fills(t.Context(), i, publishedTime); err != nil || !reflect.DeepEqual(got, []trade.Fill{want}) {
		t.Errorf("fills: %+v, %v", got, err)
	}
	// What is held is ours too.
	if got, err := trader.Balances(t.Context()); err != nil || !maps.Equal(got, map[asset.ID]asset.Units{asset.BTC: asset.NewUnits(246_000_000)}) {
		t.Errorf("balances: %v, %v", got, err)
	}
	if got, err := trader.Depth(t.Context(), i); err != nil || len(got.Bids) != 1 || len(got.Asks) != 1 || got.Bids[0].Price != 1_000_000 || got.Asks[0].Size != 100_000 {
		t.Errorf("depth: %+v, %v", got, err)
	}
	i.PriceDecimals = 8
	if got, err := trader.Rules(t.Context(), i); err != nil || got != (trade.Rules{PriceStep: 1, SizeStep: 1, MinSize: 1, MinCost: 1}) {
		t.Errorf("rules: %+v, %v", got, err)
	}
}
