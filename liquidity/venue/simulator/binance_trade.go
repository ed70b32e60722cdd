package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ferry/swap/asset"
)

// binanceDesk speaks the signed endpoints of Binance spot.
type binanceDesk struct{ desk }

func (s *Server) binanceDesk(mux *http.ServeMux) {
	d := binanceDesk{desk{server: s, account: s.desks[Binance],
		refuse: func(w http.ResponseWriter, reason string) { refuse(w, http.StatusBadRequest, -2010, reason) },
		fail: func(w http.ResponseWriter) {
			refuse(w, http.StatusGatewayTimeout, -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.")
		},
		tooMuch: tooMuch}}
	mux.HandleFunc("POST /api/v3/order", d.signed(d.order))
	mux.HandleFunc("GET /api/v3/order", d.signed(d.query))
	mux.HandleFunc("GET /api/v3/myTrades", d.signed(d.trades))
	mux.HandleFunc("GET /api/v3/account", d.signed(d.balances))
	mux.HandleFunc("GET /api/v3/exchangeInfo", d.info)
}

// signed checks key, signature and window before it lets a request through.
func (d binanceDesk) signed(next func(http.ResponseWriter, *http.Request, url.Values)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		plain, signature, ok := strings.Cut(r.URL.RawQuery, "&signature=")
		mac := hmac.New(sha256.New, []byte(AccountPhrase))
		_, _ = mac.Write([]byte(plain))
		query, err := url.ParseQuery(plain)
		switch {
		case r.Header.Get("X-MBX-APIKEY") != AccountKey:
			refuse(w, http.StatusUnauthorized, -2015, "Invalid API-key, IP, or permissions for action.")
		case !ok || err != nil || !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(signature)):
			refuse(w, http.StatusBadRequest, -1022, "Signature for this request is not valid.")
		case !d.deadline(query).After(d.server.now()):
			refuse(w, http.StatusBadRequest, -1021, "Timestamp for this request is outside of the recvWindow.")
		default:
			w.Header().Set("X-MBX-USED-WEIGHT-1M", "1")
			next(w, r, query)
		}
	}
}

// deadline is the end of a request's window.
func (binanceDesk) deadline(query url.Values) time.Time {
	stamp, _ := strconv.ParseInt(query.Get("timestamp"), 10, 64)
	window, _ := strconv.ParseInt(query.Get("recvWindow"), 10, 64)
	return time.UnixMilli(stamp + window)
}

func (d binanceDesk) order(w http.ResponseWriter, r *http.Request, query url.Values) {
	f := d.server.symbols[query.Get("symbol")]
	if f == nil || query.Get("type") != "LIMIT" || query.Get("timeInForce") != "IOC" {
		refuse(w, http.StatusBadRequest, -1121, "Invalid symbol.")
		return
	}
	o, ok := d.place(w, r, placement{client: query.Get("newClientOrderId"), feed: f, buy: query.Get("side") == "BUY",
		size: ticks(query.Get("quantity")), price: ticks(query.Get("price")), deadline: d.deadline(query)})
	if ok {
		write200(w, d.told(o))
	}
}

func (binanceDesk) told(o *placed) []byte {
	status := "EXPIRED"
	if o.filled == o.size {
		status = "FILLED"
	}
	side := "SELL"
	if o.buy {
		side = "BUY"
	}
	return fmt.Appendf(nil, `{"symbol":%q,"orderId":%d,"orderListId":-1,"clientOrderId":%q,"transactTime":%d,"price":%q,"origQty":%q,"executedQty":%q,"status":%q,"timeInForce":"IOC","type":"LIMIT","side":%q}`,
		o.feed.market.Symbol(), o.id, o.client, o.at.UnixMilli(), fixed(o.price), fixed(o.size), fixed(o.filled), status, side)
}

func (d binanceDesk) query(w http.ResponseWriter, _ *http.Request, query url.Values) {
	o, unfit := d.account.find(query.Get("origClientOrderId"), d.server.now())
	switch {
	case unfit != answer:
		d.unfit(w, unfit)
	case o == nil || o.feed.market.Symbol() != query.Get("symbol"):
		refuse(w, http.StatusBadRequest, -2013, "Order does not exist.")
	default:
		write200(w, d.told(o))
	}
}

func (d binanceDesk) trades(w http.ResponseWriter, _ *http.Request, query url.Values) {
	start, _ := strconv.ParseInt(query.Get("startTime"), 10, 64)
	list, unfit := d.account.since(d.server.symbols[query.Get("symbol")], time.UnixMilli(start), d.server.now())
	if unfit != answer {
		d.unfit(w, unfit)
		return
	}
	rows := make([]string, len(list))
	for i, t := range list {
		rows[i] = fmt.Sprintf(`{"symbol":%q,"id":%d,"orderId":%d,"orderListId":-1,"price":%q,"qty":%q,"quoteQty":%q,"commission":%q,"commissionAsset":%q,"time":%d,"isBuyer":%t,"isMaker":false,"isBestMatch":true}`,
			t.order.feed.market.Symbol(), t.id, t.order.id, fixed(t.price), fixed(t.size), fixed(product(t.size, t.price)), fixed(t.fee), t.feeAsset, t.at.UnixMilli(), t.order.buy)
	}
	write200(w, []byte("["+strings.Join(rows, ",")+"]"))
}

func (d binanceDesk) balances(w http.ResponseWriter, _ *http.Request, _ url.Values) {
	type balance struct {
		Asset  asset.ID `json:"asset"`
		Free   string   `json:"free"`
		Locked string   `json:"locked"`
	}
	var list []balance
	for id, units := range d.account.holds() {
		list = append(list, balance{id, fixed(units), fixed(0)})
	}
	raw, err := json.Marshal(map[string]any{"canTrade": true, "balances": list})
	if err != nil {
		d.fail(w)
		return
	}
	write200(w, raw)
}

func (d binanceDesk) info(w http.ResponseWriter, r *http.Request) {
	symbol := r.URL.Query().Get("symbol")
	if d.server.symbols[symbol] == nil {
		refuse(w, http.StatusBadRequest, -1121, "Invalid symbol.")
		return
	}
	write200(w, fmt.Appendf(nil, `{"timezone":"UTC","symbols":[{"symbol":%q,"status":"TRADING","filters":[{"filterType":"PRICE_FILTER","minPrice":"0.00000001","tickSize":"0.00000001"},{"filterType":"LOT_SIZE","minQty":"0.00010000","maxQty":"100000.00000000","stepSize":"0.00010000"},{"filterType":"NOTIONAL","minNotional":"0.00001000"}]}]}`, symbol))
}
