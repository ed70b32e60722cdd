package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ferry/swap/asset"
)

// bitstampDesk speaks Bitstamp's v2 REST below /bitstamp.
type bitstampDesk struct{ desk }

// bitstampLife is for how long a request's timestamp is good.
const bitstampLife = 150 * time.Second

func (s *Server) bitstampDesk(mux *http.ServeMux) {
	d := bitstampDesk{desk{server: s, account: s.desks[Bitstamp],
		refuse: func(w http.ResponseWriter, reason string) {
			writeStatus(w, http.StatusBadRequest, fmt.Appendf(nil, `{"status":"error","reason":{"__all__":[%q]},"code":"API0000"}`, reason))
		},
		fail: func(w http.ResponseWriter) {
			writeStatus(w, http.StatusInternalServerError, []byte(`{"status":"error","reason":"Internal error."}`))
		},
		tooMuch: func(w http.ResponseWriter, status, seconds int) {
			w.Header().Set("Retry-After", strconv.Itoa(seconds))
			writeStatus(w, status, []byte(`{"status":"error","reason":"Too many requests."}`))
		}}}
	mux.HandleFunc("POST /bitstamp/api/v2/buy/{market}/", d.signed(d.buy))
	mux.HandleFunc("POST /bitstamp/api/v2/sell/{market}/", d.signed(d.sell))
	mux.HandleFunc("POST /bitstamp/api/v2/order_status/", d.signed(d.status))
	mux.HandleFunc("POST /bitstamp/api/v2/user_transactions/{market}/", d.signed(d.transactions))
	mux.HandleFunc("POST /bitstamp/api/v2/account_balances/", d.signed(d.balances))
	mux.HandleFunc("GET /bitstamp/api/v2/trading-pairs-info/", d.pairs)
}

// asked is a request that was verified, and until when it is good.
type asked struct {
	form  url.Values
	until time.Time
}

func (d bitstampDesk) signed(next func(http.ResponseWriter, *http.Request, asked)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxAsked))
		form, bad := url.ParseQuery(string(body))
		h := r.Header
		mac := hmac.New(sha256.New, []byte(AccountPhrase))
		_, _ = mac.Write([]byte(h.Get("X-Auth") + r.Method + r.Host + r.URL.Path + h.Get("Content-Type") + h.Get("X-Auth-Nonce") +
			h.Get("X-Auth-Timestamp") + h.Get("X-Auth-Version") + string(body)))
		stamp, unread := strconv.ParseInt(h.Get("X-Auth-Timestamp"), 10, 64)
		until := time.UnixMilli(stamp).Add(bitstampLife)
		reason := ""
		switch {
		case err != nil || bad != nil || unread != nil || h.Get("X-Auth") != "BITSTAMP "+AccountKey || len(h.Get("X-Auth-Nonce")) != 36 || h.Get("X-Auth-Version") != "v2":
			reason = "Missing or malformed authentication."
		case h.Get("X-Auth-Signature") != hex.EncodeToString(mac.Sum(nil)):
			reason = "Invalid signature"
		case !until.After(d.server.now()):
			reason = "X-Auth-Timestamp header is too old"
		}
		if reason != "" {
			writeStatus(w, http.StatusForbidden, fmt.Appendf(nil, `{"status":"error","reason":%q,"code":"API0005"}`, reason))
			return
		}
		next(w, r, asked{form, until})
	}
}

func (d bitstampDesk) buy(w http.ResponseWriter, r *http.Request, a asked)  { d.order(w, r, a, true) }
func (d bitstampDesk) sell(w http.ResponseWriter, r *http.Request, a asked) { d.order(w, r, a, false) }

func bitstampOrderID(o *placed) string { return strconv.FormatInt(1_800_000_000_000_000+o.id, 10) }

func (d bitstampDesk) order(w http.ResponseWriter, r *http.Request, a asked, buy bool) {
	f := d.server.feeds[Bitstamp][r.PathValue("market")]
	if f == nil || a.form.Get("ioc_order") != "True" {
		d.refuse(w, "Invalid market.")
		return
	}
	o, ok := d.place(w, r, placement{client: a.form.Get("client_order_id"), feed: f, buy: buy, size: ticks(a.form.Get("amount")),
		price: ticks(a.form.Get("price")), deadline: a.until})
	if ok {
		write200(w, fmt.Appendf(nil, `{"id":%q,"market":%q,"datetime":%q,"type":"0","price":%q,"amount":%q,"client_order_id":%q}`,
			bitstampOrderID(o), f.market.Instrument.String(), bitstampTime(o.at), fixed(o.price), fixed(o.size), o.client))
	}
}

func bitstampTime(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05.000000") }

func (d bitstampDesk) status(w http.ResponseWriter, _ *http.Request, a asked) {
	o, unfit := d.account.find(a.form.Get("client_order_id"), d.server.now())
	switch {
	case unfit != answer:
		d.unfit(w, unfit)
		return
	case o == nil:
		writeStatus(w, http.StatusNotFound, []byte(`{"status":"error","reason":"Order not found.","code":"API0016"}`))
		return
	}
	status, base := "Canceled", strings.ToLower(string(o.feed.market.Instrument.Base))
	if o.filled == o.size {
		status = "Finished"
	}
	var rows []string
	for _, t := range d.account.of(o) {
		rows = append(rows, fmt.Sprintf(`{"tid":%d,"price":%q,%q:%q,"fee":%q,"datetime":%q,"type":2}`, t.id, fixed(t.price), base, fixed(t.size), fixed(t.fee), bitstampTime(t.at)))
	}
	write200(w, fmt.Appendf(nil, `{"id":%s,"status":%q,"client_order_id":%q,"amount_remaining":%q,"transactions":[%s]}`,
		bitstampOrderID(o), status, o.client, fixed(o.size-o.filled), strings.Join(rows, ",")))
}

func (d bitstampDesk) transactions(w http.ResponseWriter, r *http.Request, a asked) {
	since, _ := strconv.ParseInt(a.form.Get("since_timestamp"), 10, 64)
	f := d.server.feeds[Bitstamp][r.PathValue("market")]
	list, unfit := d.account.since(f, time.Unix(since, 0), d.server.now())
	if unfit != answer || f == nil {
		d.unfit(w, unfit)
		return
	}
	base, quote := strings.ToLower(string(f.market.Instrument.Base)), strings.ToLower(string(f.market.Instrument.Quote))
	var rows []string
	for i := len(list) - 1; i >= 0; i-- {
		t, got, gave := list[i], "-", ""
		if t.order.buy {
			got, gave = "", "-"
		}
		rows = append(rows, fmt.Sprintf(`{"id":%d,"order_id":%s,"datetime":%q,"type":"2","fee":%q,%q:"%s%s",%q:"%s%s","%s_%s":%s}`, t.id, bitstampOrderID(t.order),
			bitstampTime(t.at), fixed(t.fee), base, got, fixed(t.size), quote, gave, fixed(product(t.size, t.price)), base, quote, text(t.price)))
	}
	write200(w, []byte("["+strings.Join(rows, ",")+"]"))
}

func (d bitstampDesk) balances(w http.ResponseWriter, _ *http.Request, _ asked) {
	var rows []string
	for _, a := range asset.All() {
		units := fixed(d.account.holds()[a.ID])
		rows = append(rows, fmt.Sprintf(`{"currency":%q,"total":%q,"available":%q,"reserved":"0.00000000"}`, strings.ToLower(string(a.ID)), units, units))
	}
	write200(w, []byte("["+strings.Join(rows, ",")+"]"))
}

func (d bitstampDesk) pairs(w http.ResponseWriter, _ *http.Request) {
	var rows []string
	for name, f := range d.server.feeds[Bitstamp] {
		i := f.market.Instrument
		rows = append(rows, fmt.Sprintf(`{"name":"%s/%s","url_symbol":%q,"base_decimals":8,"counter_decimals":8,"minimum_order":"0.00001 %s","trading":"Enabled"}`, i.Base, i.Quote, name, i.Quote))
	}
	write200(w, []byte("["+strings.Join(rows, ",")+"]"))
}
