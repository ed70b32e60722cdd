package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ferry/swap/asset"
)

// krakenDesk speaks Kraken's REST below /kraken.
type krakenDesk struct {
	desk
	byPair map[string]*feed
}

// krakenName is the venue's name of an asset, long where it is an old one.
var krakenName = map[asset.ID]string{asset.BTC: "XXBT", asset.ETH: "XETH", asset.LTC: "XLTC"}

func krakenAltname(m Market) string { return strings.ReplaceAll(m.Symbol(), "BTC", "XBT") }

// krakenPair is the name with which trades and tables are told: XETHXXBT.
func krakenPair(m Market) string {
	base, quote := krakenName[m.Instrument.Base], krakenName[m.Instrument.Quote]
	if base == "" || quote == "" {
		return krakenAltname(m)
	}
	return base + quote
}

func (s *Server) krakenDesk(mux *http.ServeMux) {
	d := krakenDesk{desk{server: s, account: s.desks[Kraken]}, map[string]*feed{}}
	d.refuse = func(w http.ResponseWriter, reason string) {
		if reason == "The deadline has passed." {
			reason = "EService:Deadline elapsed"
		} else {
			reason = "EOrder:" + reason
		}
		d.errors(w, reason)
	}
	d.fail = func(w http.ResponseWriter) { d.errors(w, "EService:Unavailable") }
	d.tooMuch = func(w http.ResponseWriter, status, _ int) {
		if status == http.StatusTeapot {
			d.errors(w, "EService:Throttled: "+strconv.FormatInt(s.now().Add(time.Duration(d.account.retryAfter)*time.Second).Unix(), 10))
			return
		}
		d.errors(w, "EOrder:Rate limit exceeded")
	}
	for _, f := range s.feeds[Kraken] {
		d.byPair[krakenAltname(f.market)] = f
	}
	mux.HandleFunc("POST /kraken/0/private/{method}", d.private)
	mux.HandleFunc("GET /kraken/0/public/Depth", d.depth)
	mux.HandleFunc("GET /kraken/0/public/AssetPairs", d.pairs)
}

func (krakenDesk) errors(w http.ResponseWriter, text string) {
	write200(w, fmt.Appendf(nil, `{"error":[%q]}`, text))
}

func (krakenDesk) result(w http.ResponseWriter, result string) {
	write200(w, []byte(`{"error":[],"result":`+result+`}`))
}

func (d krakenDesk) private(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAsked))
	form, bad := url.ParseQuery(string(body))
	if err != nil || bad != nil {
		d.errors(w, "EGeneral:Invalid arguments")
		return
	}
	phrase, _ := base64.StdEncoding.DecodeString(AccountPhrase)
	inner := sha256.Sum256([]byte(form.Get("nonce") + string(body)))
	mac := hmac.New(sha512.New, phrase)
	_, _ = mac.Write(append([]byte(strings.TrimPrefix(r.URL.Path, "/kraken")), inner[:]...))
	switch {
	case r.Header.Get("API-Key") != AccountKey:
		d.errors(w, "EAPI:Invalid key")
		return
	case r.Header.Get("API-Sign") != base64.StdEncoding.EncodeToString(mac.Sum(nil)):
		d.errors(w, "EAPI:Invalid signature")
		return
	}
	switch r.PathValue("method") {
	case "AddOrder":
		d.order(w, r, form)
	case "OpenOrders":
		d.result(w, `{"open":{}}`)
	case "ClosedOrders":
		d.closed(w, form)
	case "TradesHistory":
		d.trades(w, form)
	case "Balance":
		var rows []string
		for id, units := range d.account.holds() {
			name := krakenName[id]
			if name == "" {
				name = string(id)
			}
			rows = append(rows, fmt.Sprintf("%q:%q", name, fixed(units)))
		}
		d.result(w, "{"+strings.Join(rows, ",")+"}")
	default:
		d.errors(w, "EGeneral:Unknown method")
	}
}

func (d krakenDesk) order(w http.ResponseWriter, r *http.Request, form url.Values) {
	f := d.byPair[form.Get("pair")]
	deadline, err := time.Parse(time.RFC3339, form.Get("deadline"))
	if f == nil || form.Get("ordertype") != "limit" || form.Get("timeinforce") != "IOC" || err != nil {
		d.errors(w, "EGeneral:Invalid arguments")
		return
	}
	o, ok := d.place(w, r, placement{client: form.Get("cl_ord_id"), feed: f, buy: form.Get("type") == "buy",
		size: ticks(form.Get("volume")), price: ticks(form.Get("price")), deadline: deadline})
	if ok {
		d.result(w, fmt.Sprintf(`{"descr":{"order":"%s %s %s @ limit %s"},"txid":[%q]}`,
			form.Get("type"), form.Get("volume"), form.Get("pair"), form.Get("price"), krakenOrderID(o)))
	}
}

func krakenOrderID(o *placed) string {
	return fmt.Sprintf("OSIM%02d-%05d-FERRYX", o.id/100_000, o.id%100_000)
}

func (d krakenDesk) closed(w http.ResponseWriter, form url.Values) {
	o, unfit := d.account.find(form.Get("cl_ord_id"), d.server.now())
	switch {
	case unfit != answer:
		d.unfit(w, unfit)
	case o == nil:
		d.result(w, `{"closed":{},"count":0}`)
	default:
		status := "canceled"
		if o.filled == o.size {
			status = "closed"
		}
		d.result(w, fmt.Sprintf(`{"closed":{%q:{"refid":null,"userref":0,"cl_ord_id":%q,"status":%q,"opentm":%d.1,"closetm":%d.2,"vol":%q,"vol_exec":%q}},"count":1}`,
			krakenOrderID(o), o.client, status, o.at.Unix(), o.at.Unix(), fixed(o.size), fixed(o.filled)))
	}
}

// trades tells the newest first, 50 at a time.
func (d krakenDesk) trades(w http.ResponseWriter, form url.Values) {
	start, _ := strconv.ParseInt(form.Get("start"), 10, 64)
	skip, _ := strconv.Atoi(form.Get("ofs"))
	list, unfit := d.account.since(nil, time.Unix(start, 0), d.server.now())
	if unfit != answer {
		d.unfit(w, unfit)
		return
	}
	var rows []string
	for i := len(list) - 1 - skip; i >= 0 && len(rows) < 50; i-- {
		t, side := list[i], "sell"
		if t.order.buy {
			side = "buy"
		}
		rows = append(rows, fmt.Sprintf(`"TSIM%02d-%05d-FERRYX":{"ordertxid":%q,"postxid":"TKH2SE-M7IF5-CFI7LT","pair":%q,"time":%d.%06d,"type":%q,"ordertype":"limit","price":%q,"cost":%q,"fee":%q,"vol":%q,"margin":"0.00000","misc":""}`,
			t.id/100_000, t.id%100_000, krakenOrderID(t.order), krakenPair(t.order.feed.market), t.at.Unix(), t.at.Nanosecond()/1000, side,
			fixed(t.price), fixed(product(t.size, t.price)), fixed(t.fee), fixed(t.size)))
	}
	d.result(w, fmt.Sprintf(`{"trades":{%s},"count":%d}`, strings.Join(rows, ","), len(list)))
}

func (d krakenDesk) depth(w http.ResponseWriter, r *http.Request) {
	f := d.byPair[r.URL.Query().Get("pair")]
	if f == nil {
		d.errors(w, "EQuery:Unknown asset pair")
		return
	}
	shot := f.snapshot(50)
	side := func(levels [][2]string) string {
		rows := make([]string, len(levels))
		for i, l := range levels {
			rows[i] = fmt.Sprintf("[%q,%q,%d]", l[0], l[1], d.server.now().Unix())
		}
		return "[" + strings.Join(rows, ",") + "]"
	}
	d.result(w, fmt.Sprintf(`{%q:{"asks":%s,"bids":%s}}`, krakenPair(f.market), side(encodeLevels(shot.Asks)), side(encodeLevels(shot.Bids))))
}

func (d krakenDesk) pairs(w http.ResponseWriter, r *http.Request) {
	f := d.byPair[r.URL.Query().Get("pair")]
	if f == nil {
		d.errors(w, "EQuery:Unknown asset pair")
		return
	}
	d.result(w, fmt.Sprintf(`{%q:{"altname":%q,"wsname":"%s/%s","pair_decimals":8,"lot_decimals":8,"ordermin":"0.0001","costmin":"0.00001","tick_size":"0.00000001","status":"online"}}`,
		krakenPair(f.market), krakenAltname(f.market), f.market.Instrument.Base, f.market.Instrument.Quote))
}

// snapshot is the book now.
func (f *feed) snapshot(limit int) Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.exchange.Snapshot(limit)
}
