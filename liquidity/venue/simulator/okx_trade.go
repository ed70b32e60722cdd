package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ferry/swap/asset"
)

// okxDesk speaks OKX's v5 REST below /okx.
type okxDesk struct{ desk }

func (s *Server) okxDesk(mux *http.ServeMux) {
	d := okxDesk{desk{server: s, account: s.desks[OKX]}}
	d.refuse = func(w http.ResponseWriter, reason string) {
		write200(w, fmt.Appendf(nil, `{"code":"1","msg":"All operations failed","data":[{"clOrdId":"","ordId":"","sCode":"51008","sMsg":%q}]}`, reason))
	}
	d.fail = func(w http.ResponseWriter) { d.code(w, http.StatusOK, "50004", "API endpoint request timeout.") }
	d.tooMuch = func(w http.ResponseWriter, status, seconds int) {
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		d.code(w, status, "50011", "Requests too frequent.")
	}
	mux.HandleFunc("POST /okx/api/v5/trade/order", d.signed(d.order))
	mux.HandleFunc("GET /okx/api/v5/trade/order", d.signed(d.query))
	mux.HandleFunc("GET /okx/api/v5/trade/fills", d.signed(d.fills))
	mux.HandleFunc("GET /okx/api/v5/account/balance", d.signed(d.balance))
	mux.HandleFunc("GET /okx/api/v5/market/books", d.books)
	mux.HandleFunc("GET /okx/api/v5/public/instruments", d.instruments)
}

func (okxDesk) code(w http.ResponseWriter, status int, code, message string) {
	writeStatus(w, status, fmt.Appendf(nil, `{"code":%q,"msg":%q,"data":[]}`, code, message))
}

func (okxDesk) data(w http.ResponseWriter, rows ...string) {
	write200(w, []byte(`{"code":"0","msg":"","data":[`+strings.Join(rows, ",")+`]}`))
}

func (d okxDesk) signed(next func(http.ResponseWriter, *http.Request, []byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxAsked))
		mac := hmac.New(sha256.New, []byte(AccountPhrase))
		_, _ = mac.Write([]byte(r.Header.Get("OK-ACCESS-TIMESTAMP") + r.Method + strings.TrimPrefix(r.URL.RequestURI(), "/okx") + string(body)))
		expires, bad := strconv.ParseInt(r.Header.Get("expTime"), 10, 64)
		switch {
		case err != nil || r.Header.Get("OK-ACCESS-KEY") != AccountKey:
			d.code(w, http.StatusUnauthorized, "50111", "Invalid OK-ACCESS-KEY")
		case r.Header.Get("OK-ACCESS-PASSPHRASE") != AccountPhrase:
			d.code(w, http.StatusUnauthorized, "50105", "OK-ACCESS-PASSPHRASE incorrect")
		case r.Header.Get("OK-ACCESS-SIGN") != base64.StdEncoding.EncodeToString(mac.Sum(nil)):
			d.code(w, http.StatusUnauthorized, "50113", "Invalid Sign")
		case bad == nil && !time.UnixMilli(expires).After(d.server.now()):
			d.code(w, http.StatusOK, "50036", "The expTime can't be earlier than the current system time.")
		default:
			next(w, r, body)
		}
	}
}

func okxOrderID(o *placed) string { return strconv.FormatInt(600_000_000_000_000_000+o.id, 10) }

func (d okxDesk) order(w http.ResponseWriter, r *http.Request, body []byte) {
	var asked struct {
		Instrument string `json:"instId"`
		Mode       string `json:"tdMode"`
		ClientID   string `json:"clOrdId"`
		Side       string `json:"side"`
		Type       string `json:"ordType"`
		Price      string `json:"px"`
		Size       string `json:"sz"`
	}
	err := json.Unmarshal(body, &asked)
	f := d.server.feeds[OKX][asked.Instrument]
	expires, _ := strconv.ParseInt(r.Header.Get("expTime"), 10, 64)
	if err != nil || f == nil || asked.Mode != "cash" || asked.Type != "ioc" || expires == 0 {
		d.code(w, http.StatusBadRequest, "51000", "Parameter error")
		return
	}
	o, ok := d.place(w, r, placement{client: asked.ClientID, feed: f, buy: asked.Side == "buy", size: ticks(asked.Size), price: ticks(asked.Price),
		deadline: time.UnixMilli(expires)})
	if ok {
		d.data(w, fmt.Sprintf(`{"clOrdId":%q,"ordId":%q,"sCode":"0","sMsg":"Order placed","tag":"","ts":"%d"}`, o.client, okxOrderID(o), o.at.UnixMilli()))
	}
}

func (d okxDesk) query(w http.ResponseWriter, r *http.Request, _ []byte) {
	o, unfit := d.account.find(r.URL.Query().Get("clOrdId"), d.server.now())
	switch {
	case unfit != answer:
		d.unfit(w, unfit)
	case o == nil:
		d.code(w, http.StatusOK, "51603", "Order does not exist")
	default:
		state := "canceled"
		if o.filled == o.size {
			state = "filled"
		}
		d.data(w, fmt.Sprintf(`{"instType":"SPOT","ordId":%q,"clOrdId":%q,"px":%q,"sz":%q,"accFillSz":%q,"state":%q}`,
			okxOrderID(o), o.client, text(o.price), text(o.size), text(o.filled), state))
	}
}

func (d okxDesk) fills(w http.ResponseWriter, r *http.Request, _ []byte) {
	begin, _ := strconv.ParseInt(r.URL.Query().Get("begin"), 10, 64)
	list, unfit := d.account.since(d.server.feeds[OKX][r.URL.Query().Get("instId")], time.UnixMilli(begin), d.server.now())
	if unfit != answer {
		d.unfit(w, unfit)
		return
	}
	var rows []string
	for i := len(list) - 1; i >= 0 && len(rows) < 100; i-- {
		t, side := list[i], "sell"
		if t.order.buy {
			side = "buy"
		}
		rows = append(rows, fmt.Sprintf(`{"instType":"SPOT","instId":%q,"tradeId":"%d","ordId":%q,"clOrdId":%q,"billId":"%d","fillPx":%q,"fillSz":%q,"side":%q,"execType":"T","feeCcy":%q,"fee":"-%s","ts":"%d"}`,
			t.order.feed.market.Instrument.String(), t.id, okxOrderID(t.order), t.order.client, t.id, text(t.price), text(t.size), side, t.feeAsset, text(t.fee), t.at.UnixMilli()))
	}
	d.data(w, rows...)
}

func (d okxDesk) balance(w http.ResponseWriter, _ *http.Request, _ []byte) {
	var rows []string
	for _, a := range asset.All() {
		rows = append(rows, fmt.Sprintf(`{"ccy":%q,"cashBal":%q}`, a.ID, text(d.account.holds()[a.ID])))
	}
	d.data(w, `{"details":[`+strings.Join(rows, ",")+`]}`)
}

func (d okxDesk) books(w http.ResponseWriter, r *http.Request) {
	f := d.server.feeds[OKX][r.URL.Query().Get("instId")]
	if f == nil {
		d.code(w, http.StatusOK, "51001", "Instrument ID doesn't exist.")
		return
	}
	shot := f.snapshot(50)
	side := func(levels [][2]string) string {
		rows := make([]string, len(levels))
		for i, l := range levels {
			rows[i] = fmt.Sprintf(`[%q,%q,"0","1"]`, l[0], l[1])
		}
		return "[" + strings.Join(rows, ",") + "]"
	}
	d.data(w, fmt.Sprintf(`{"asks":%s,"bids":%s,"ts":"%d"}`, side(encodeLevels(shot.Asks)), side(encodeLevels(shot.Bids)), d.server.now().UnixMilli()))
}

func (d okxDesk) instruments(w http.ResponseWriter, r *http.Request) {
	if d.server.feeds[OKX][r.URL.Query().Get("instId")] == nil {
		d.code(w, http.StatusOK, "51001", "Instrument ID doesn't exist.")
		return
	}
	d.data(w, fmt.Sprintf(`{"instType":"SPOT","instId":%q,"tickSz":"0.00000001","lotSz":"0.00001","minSz":"0.0001","state":"live"}`, r.URL.Query().Get("instId")))
}
