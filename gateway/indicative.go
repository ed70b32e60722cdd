package gateway

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"ferry/gateway/api"
	"ferry/gateway/stream"
	"ferry/swap"
)

// routeIndicative adds the path that is asked most, with every letter typed: served by
// hand, because what reads a query for the generated handlers costs more than the price.
func (g *Gateway) routeIndicative(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/quotes/indicative", func(w http.ResponseWriter, r *http.Request) {
		room, _ := quoteRoom.Get().(*[]byte)
		defer quoteRoom.Put(room)
		quote, err := g.indicate((*room)[:0], r.URL.RawQuery)
		if err != nil {
			writeError(w, r, g.config.Log, err)
			return
		}
		*room = quote
		w.Header()["Content-Type"] = jsonType
		_, _ = w.Write(quote) //nolint:gosec // JSON of assets that are known and of decimals; a client that is gone misses nothing
	})
}

var jsonType = []string{"application/json"}

// quoteRoom has room for quotes, which are some 200 bytes, at most twice as many.
var quoteRoom = sync.Pool{New: func() any { return new(make([]byte, 0, 512)) }}

// indicate appends what the newest published rate makes of a query, as openapi.yaml has
// IndicativeQuote. No daemon is asked. All of its texts are names of known assets and
// decimals, in which nothing has to be escaped.
func (g *Gateway) indicate(to []byte, query string) ([]byte, error) {
	asked, err := readQuery(query)
	if err != nil {
		return nil, err
	}
	lock, err := readLock(asked)
	if err != nil {
		return nil, err
	}
	heard, reason := g.market.newest(lock.Pair)
	if reason != "" {
		return nil, swap.Refuse(swap.CodePriceUnavailable, "", "", reason)
	}
	offer, err := heard.Indicate(stream.Ask{Pair: lock.Pair, Deposit: lock.Deposit, Payout: lock.Payout})
	if err != nil {
		return nil, err
	}
	to = append(append(to, `{"from":"`...), lock.Pair.From...)
	to = append(append(to, `","to":"`...), lock.Pair.To...)
	to = offer.Deposit.AppendDecimal(append(to, `","deposit_amount":"`...))
	to = offer.Payout.AppendDecimal(append(to, `","payout_amount":"`...))
	return append(to, heard.tail...), nil
}

// quoteTail is the end of every indicative quote from a rate, whose price and fee were
// checked when it was heard.
func quoteTail(r swap.Rate) string {
	return `","price":"` + r.Price + `","network_fee":"` + r.NetworkFee.Decimal() + `","at":"` + api.MillisOf(r.At).String() + `"}`
}

// readQuery reads the parameters: each at most once, none unknown.
func readQuery(query string) (asked api.QuoteRequest, err error) {
	var given [4]bool
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		if name, err = url.QueryUnescape(name); err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err != nil || strings.Contains(part, ";") {
			return asked, invalidBody("", "", "The query can't be read.")
		}
		n, into := parameter(name, &asked)
		if into == nil {
			return asked, invalidBody(clip(name), "", fmt.Sprintf("There is no parameter %q here.", clip(name)))
		}
		if given[n] {
			return asked, invalidBody(name, "", fmt.Sprintf("The parameter %q is given twice.", name))
		}
		given[n], *into = true, value
	}
	return asked, nil
}

// parameter is where a parameter's value belongs, and which of the four it is; nil for any
// other.
func parameter(name string, of *api.QuoteRequest) (n int, into *string) {
	switch name {
	case "from":
		return 0, &of.From
	case "to":
		return 1, &of.To
	case "deposit_amount":
		return 2, &of.DepositAmount
	case "payout_amount":
		return 3, &of.PayoutAmount
	}
	return 0, nil
}
