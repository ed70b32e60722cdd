package gateway

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"ferry/gateway/api"
	"ferry/gateway/stream"
	"ferry/swap"
)

// indicativeQuote is the answer of GET /v1/quotes/indicative, as openapi.yaml has it.
type indicativeQuote struct {
	From          string     `json:"from"`
	To            string     `json:"to"`
	DepositAmount string     `json:"deposit_amount"`
	PayoutAmount  string     `json:"payout_amount"`
	Price         string     `json:"price"`
	NetworkFee    string     `json:"network_fee"`
	At            api.Millis `json:"at"`
}

// routeIndicative adds the path that is asked most, with every letter typed: served by
// hand, because what reads a query for the generated handlers costs more than the price.
func (g *Gateway) routeIndicative(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/quotes/indicative", func(w http.ResponseWriter, r *http.Request) {
		quote, err := g.indicate(r.URL.RawQuery)
		if err != nil {
			writeError(w, r, g.config.Log, err)
			return
		}
		w.Header()["Content-Type"] = jsonType
		_, _ = w.Write(quote.json()) //nolint:gosec // JSON of assets that are known and of decimals; a client that is gone misses nothing
	})
}

var jsonType = []string{"application/json"}

// indicate is what the newest published rate makes of a query. No daemon is asked.
func (g *Gateway) indicate(query string) (indicativeQuote, error) {
	asked, err := readQuery(query)
	if err != nil {
		return indicativeQuote{}, err
	}
	lock, err := readLock(asked)
	if err != nil {
		return indicativeQuote{}, err
	}
	heard, reason := g.market.newest(lock.Pair)
	if reason != "" {
		return indicativeQuote{}, swap.Refuse(swap.CodePriceUnavailable, "", "", reason)
	}
	offer, err := stream.Indicate(heard, stream.Ask{Pair: lock.Pair, Deposit: lock.Deposit, Payout: lock.Payout})
	if err != nil {
		return indicativeQuote{}, err
	}
	return indicativeQuote{From: asked.From, To: asked.To, DepositAmount: offer.Deposit.Decimal(), PayoutAmount: offer.Payout.Decimal(),
		Price: heard.Price, NetworkFee: heard.NetworkFee.Decimal(), At: api.MillisOf(heard.At)}, nil
}

// json writes the quote by hand: all of its texts are names of known assets and decimals, in
// which nothing has to be escaped.
func (q indicativeQuote) json() []byte {
	raw := make([]byte, 0, 256)
	for n, member := range [...][2]string{{"from", q.From}, {"to", q.To}, {"deposit_amount", q.DepositAmount},
		{"payout_amount", q.PayoutAmount}, {"price", q.Price}, {"network_fee", q.NetworkFee}, {"at", q.At.String()}} {
		if n == 0 {
			raw = append(raw, '{')
		} else {
			raw = append(raw, ',')
		}
		raw = append(append(append(raw, '"'), member[0]...), `":"`...)
		raw = append(append(raw, member[1]...), '"')
	}
	return append(raw, '}')
}

// readQuery reads the parameters: each at most once, none unknown.
func readQuery(query string) (asked api.QuoteRequest, err error) {
	given := map[string]bool{}
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
		var into *string
		switch name {
		case "from":
			into = &asked.From
		case "to":
			into = &asked.To
		case "deposit_amount":
			into = &asked.DepositAmount
		case "payout_amount":
			into = &asked.PayoutAmount
		default:
			return asked, invalidBody(clip(name), "", fmt.Sprintf("There is no parameter %q here.", clip(name)))
		}
		if given[name] {
			return asked, invalidBody(name, "", fmt.Sprintf("The parameter %q is given twice.", name))
		}
		given[name], *into = true, value
	}
	return asked, nil
}
