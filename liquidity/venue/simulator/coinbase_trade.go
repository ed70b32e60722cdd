package simulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"ferry/swap/asset"
)

// coinbaseDesk speaks Advanced Trade's REST below /coinbase.
type coinbaseDesk struct{ desk }

// accountKey is the account's at Coinbase, which anybody may know: a fixed number.
func accountKey() *ecdsa.PrivateKey {
	raw := make([]byte, 32)
	big.NewInt(20_261_122).FillBytes(raw)
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		panic("simulator: the fixed key is none: " + err.Error())
	}
	return key
}

// CoinbaseKey is the account's key at Coinbase in PEM, where others have AccountPhrase.
func CoinbaseKey() string {
	raw, err := x509.MarshalECPrivateKey(accountKey())
	if err != nil {
		panic("simulator: the fixed key can't be written: " + err.Error())
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw}))
}

const coinbasePath = "/coinbase/api/v3/brokerage"

func (s *Server) coinbaseDesk(mux *http.ServeMux) {
	d := coinbaseDesk{desk{server: s, account: s.desks[Coinbase],
		refuse: func(w http.ResponseWriter, reason string) {
			write200(w, fmt.Appendf(nil, `{"success":false,"error_response":{"error":"INSUFFICIENT_FUND","message":%q,"error_details":"","preview_failure_reason":"PREVIEW_INSUFFICIENT_FUND"}}`, reason))
		},
		fail: func(w http.ResponseWriter) {
			writeStatus(w, http.StatusInternalServerError, []byte(`{"error":"INTERNAL","message":"internal server error"}`))
		},
		tooMuch: func(w http.ResponseWriter, status, _ int) {
			writeStatus(w, status, []byte(`{"error":"RATE_LIMIT_EXCEEDED","message":"rate limit exceeded"}`))
		}}}
	mux.HandleFunc("POST "+coinbasePath+"/orders", d.signed(d.order))
	mux.HandleFunc("GET "+coinbasePath+"/orders/historical/batch", d.signed(d.orders))
	mux.HandleFunc("GET "+coinbasePath+"/orders/historical/fills", d.signed(d.fills))
	mux.HandleFunc("GET "+coinbasePath+"/accounts", d.signed(d.accounts))
	mux.HandleFunc("GET "+coinbasePath+"/market/product_book", d.book)
	mux.HandleFunc("GET "+coinbasePath+"/market/products/{product}", d.product)
}

// signed verifies the token of a request, and passes on when it expires.
func (d coinbaseDesk) signed(next func(http.ResponseWriter, *http.Request, time.Time)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		var claims struct {
			jwt.Claims
			URI string `json:"uri"`
		}
		token, err := jwt.ParseSigned(bearer, []jose.SignatureAlgorithm{jose.ES256})
		if err == nil {
			err = token.Claims(&accountKey().PublicKey, &claims)
		}
		if err != nil || claims.Issuer != "cdp" || claims.Subject != AccountKey || claims.URI != r.Method+" "+r.Host+r.URL.Path ||
			token.Headers[0].KeyID != AccountKey || token.Headers[0].Nonce == "" || claims.Expiry == nil ||
			!claims.Expiry.Time().After(d.server.now()) || claims.Expiry.Time().Sub(claims.NotBefore.Time()) > 2*time.Minute {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		next(w, r, claims.Expiry.Time())
	}
}

func coinbaseOrderID(o *placed) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", o.id) }

func (d coinbaseDesk) order(w http.ResponseWriter, r *http.Request, until time.Time) {
	var asked struct {
		ClientID string `json:"client_order_id"`
		Product  string `json:"product_id"`
		Side     string `json:"side"`
		Config   struct {
			IOC struct {
				Size  string `json:"base_size"`
				Price string `json:"limit_price"`
			} `json:"sor_limit_ioc"`
		} `json:"order_configuration"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAsked)).Decode(&asked)
	f := d.server.feeds[Coinbase][asked.Product]
	if err != nil || f == nil || asked.ClientID == "" {
		writeStatus(w, http.StatusBadRequest, []byte(`{"error":"INVALID_ARGUMENT","message":"invalid argument"}`))
		return
	}
	o, ok := d.place(w, r, placement{client: asked.ClientID, feed: f, buy: asked.Side == "BUY", size: ticks(asked.Config.IOC.Size),
		price: ticks(asked.Config.IOC.Price), deadline: until})
	if ok {
		write200(w, fmt.Appendf(nil, `{"success":true,"success_response":{"order_id":%q,"product_id":%q,"side":%q,"client_order_id":%q},"order_configuration":{}}`,
			coinbaseOrderID(o), asked.Product, asked.Side, o.client))
	}
}

// orders tells the orders of a product, newest first.
func (d coinbaseDesk) orders(w http.ResponseWriter, r *http.Request, _ time.Time) {
	since, _ := time.Parse(time.RFC3339, r.URL.Query().Get("start_date"))
	list, unfit := d.account.recent(d.server.feeds[Coinbase][r.URL.Query().Get("product_ids")], since, d.server.now())
	if unfit != answer {
		d.unfit(w, unfit)
		return
	}
	rows := make([]string, len(list))
	for i, o := range list {
		status := "CANCELLED"
		if o.filled == o.size {
			status = "FILLED"
		}
		rows[i] = fmt.Sprintf(`{"order_id":%q,"client_order_id":%q,"product_id":%q,"status":%q,"filled_size":%q,"created_time":%q}`,
			coinbaseOrderID(o), o.client, o.feed.market.Instrument.String(), status, text(o.filled), o.at.UTC().Format(time.RFC3339Nano))
	}
	write200(w, []byte(`{"orders":[`+strings.Join(rows, ",")+`],"has_next":false,"cursor":""}`))
}

func (d coinbaseDesk) fills(w http.ResponseWriter, r *http.Request, _ time.Time) {
	since, _ := time.Parse(time.RFC3339, r.URL.Query().Get("start_sequence_timestamp"))
	list, unfit := d.account.since(d.server.feeds[Coinbase][r.URL.Query().Get("product_ids")], since, d.server.now())
	if unfit != answer {
		d.unfit(w, unfit)
		return
	}
	rows := make([]string, len(list))
	for i, t := range list {
		side := "SELL"
		if t.order.buy {
			side = "BUY"
		}
		rows[i] = fmt.Sprintf(`{"entry_id":"entry-%d","trade_id":"%d","order_id":%q,"trade_time":%q,"trade_type":"FILL","price":%q,"size":%q,"commission":%q,"product_id":%q,"liquidity_indicator":"TAKER","size_in_quote":false,"side":%q}`,
			t.id, t.id, coinbaseOrderID(t.order), t.at.UTC().Format(time.RFC3339Nano), text(t.price), text(t.size), text(t.fee), t.order.feed.market.Instrument.String(), side)
	}
	write200(w, []byte(`{"fills":[`+strings.Join(rows, ",")+`],"cursor":""}`))
}

func (d coinbaseDesk) accounts(w http.ResponseWriter, _ *http.Request, _ time.Time) {
	var rows []string
	for _, a := range asset.All() {
		rows = append(rows, fmt.Sprintf(`{"uuid":"","name":"%s Wallet","currency":%q,"available_balance":{"value":%q,"currency":%q},"hold":{"value":"0","currency":%q}}`,
			a.ID, a.ID, text(d.account.holds()[a.ID]), a.ID, a.ID))
	}
	write200(w, []byte(`{"accounts":[`+strings.Join(rows, ",")+`],"has_next":false,"cursor":"","size":6}`))
}

func (d coinbaseDesk) book(w http.ResponseWriter, r *http.Request) {
	f := d.server.feeds[Coinbase][r.URL.Query().Get("product_id")]
	if f == nil {
		http.NotFound(w, r)
		return
	}
	shot := f.snapshot(50)
	side := func(levels [][2]string) string {
		rows := make([]string, len(levels))
		for i, l := range levels {
			rows[i] = fmt.Sprintf(`{"price":%q,"size":%q}`, l[0], l[1])
		}
		return "[" + strings.Join(rows, ",") + "]"
	}
	write200(w, fmt.Appendf(nil, `{"pricebook":{"product_id":%q,"bids":%s,"asks":%s}}`, f.market.Instrument.String(), side(encodeLevels(shot.Bids)), side(encodeLevels(shot.Asks))))
}

func (d coinbaseDesk) product(w http.ResponseWriter, r *http.Request) {
	if d.server.feeds[Coinbase][r.PathValue("product")] == nil {
		http.NotFound(w, r)
		return
	}
	write200(w, fmt.Appendf(nil, `{"product_id":%q,"price_increment":"0.00000001","base_increment":"0.00000001","quote_increment":"0.00000001","base_min_size":"0.0001","quote_min_size":"0.00001","trading_disabled":false}`, r.PathValue("product")))
}
