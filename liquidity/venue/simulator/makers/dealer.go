package makers

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ferry/liquidity/venue/simulator"
	"ferry/swap/asset"
)

// maxAsked is the longest thing a client may say.
const maxAsked = 4 << 10

// firm is a quote as it was given: base units.
type firm struct {
	sellName  asset.ID
	sell, buy *big.Int
	expiry    time.Time
}

// deal is a quote that was taken.
type deal struct {
	firm
	hash, client string
	at           time.Time
}

func (m *Makers) keyed(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("0x-api-key") != Key {
			http.Error(w, `{"reason":"No Route matched with those values"}`, http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

// worth is what an amount of Base costs (buying) or brings: the best price, and a basis
// point worse for each coin.
func (m *Makers) worth(base *big.Int, buying bool) *big.Int {
	i, shot := m.market.Instrument, m.exchange.Snapshot(1)
	baseUnit, quoteUnit := asset.Pow10(asset.MustLookup(i.Base).Decimals), asset.Pow10(asset.MustLookup(i.Quote).Decimals)
	price := shot.Bids[0].Price
	if buying {
		price = shot.Asks[0].Price
	}
	coins := new(big.Int).Quo(base, baseUnit).Int64()
	factor := 1_000_000 - min(coins, 9_000)*100
	if buying {
		factor = 1_000_000 + coins*100
	}
	n := new(big.Int).Mul(base, new(big.Int).SetUint64(price))
	n.Mul(n, quoteUnit).Mul(n, big.NewInt(factor))
	den := new(big.Int).Mul(baseUnit, asset.Pow10(simulator.Decimals+6))
	rest := new(big.Int)
	n.QuoRem(n, den, rest)
	if buying && rest.Sign() > 0 {
		n.Add(n, big.NewInt(1))
	}
	return n
}

// offer reads a request and prices it; nil for what the dealer does not quote.
func (m *Makers) offer(query url.Values) *firm {
	i := m.market.Instrument
	sell, buy := asset.ID(query.Get("sellToken")), asset.ID(query.Get("buyToken"))
	text, buying := query.Get("sellAmount"), false
	if sell == i.Quote && buy == i.Base {
		text, buying = query.Get("buyAmount"), true
	} else if sell != i.Base || buy != i.Quote {
		return nil
	}
	amount, err := asset.ParseUnits(text)
	if err != nil || amount.IsZero() {
		return nil
	}
	f := &firm{sellName: sell, sell: amount.Big(), expiry: m.now().Add(m.QuoteLife).Truncate(time.Second)}
	f.buy = m.worth(f.sell, false)
	if buying {
		f.buy = amount.Big()
		f.sell = m.worth(f.buy, true)
	}
	if f.sell.Sign() == 0 || f.buy.Sign() == 0 {
		return nil
	}
	return f
}

func (m *Makers) price(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.offer(r.URL.Query())
	if f == nil {
		answer(w, http.StatusOK, `{"liquidityAvailable":false}`)
		return
	}
	answer(w, http.StatusOK, fmt.Sprintf(`{"liquidityAvailable":true,"sellAmount":"%s","buyAmount":"%s"}`, f.sell, f.buy))
}

func (m *Makers) quote(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.offer(r.URL.Query())
	if f == nil {
		answer(w, http.StatusOK, `{"liquidityAvailable":false}`)
		return
	}
	m.sequence++
	sum := sha256.Sum256([]byte(strconv.FormatInt(m.sequence, 10)))
	hash := "0x" + hex.EncodeToString(sum[:])
	m.quotes[hash] = *f
	answer(w, http.StatusOK, fmt.Sprintf(`{"liquidityAvailable":true,"sellAmount":"%s","buyAmount":"%s","orderHash":%q,"expiry":"%d"}`, f.sell, f.buy, hash, f.expiry.Unix()))
}

func (m *Makers) submit(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Hash   string `json:"orderHash"`
		Client string `json:"clientOrderId"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAsked)).Decode(&asked); err != nil {
		answer(w, http.StatusBadRequest, `{"reason":"Validation Failed"}`)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.quotes[asked.Hash]
	now := m.now()
	switch {
	case m.spend(simulator.OrderLost):
		panic(http.ErrAbortHandler) // net/http ends the connection without a word
	case m.spend(simulator.OrderFailure):
		answer(w, http.StatusInternalServerError, `{"reason":"Internal Server Error"}`)
		return
	case !ok || !now.Before(f.expiry) || asked.Client == "":
		answer(w, http.StatusBadRequest, `{"reason":"quote is expired, taken or not known"}`)
		return
	}
	delete(m.quotes, asked.Hash)
	d := &deal{firm: f, hash: asked.Hash, client: asked.Client, at: now}
	m.orders[d.client], m.trades = d, append(m.trades, d)
	if m.spend(simulator.OrderCut) {
		panic(http.ErrAbortHandler)
	}
	answer(w, http.StatusOK, fmt.Sprintf(`{"orderHash":%q,"type":"otc","status":"submitted"}`, d.hash))
}

func (d *deal) json() string {
	return fmt.Sprintf(`{"status":"confirmed","orderHash":%q,"clientOrderId":%q,"sellToken":%q,"sellAmount":"%s","buyAmount":"%s","timestamp":%d}`,
		d.hash, d.client, d.sellName, d.sell, d.buy, d.at.Unix())
}

func (m *Makers) status(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.orders[r.URL.Query().Get("clientOrderId")]
	if d == nil || m.spend(simulator.LookupBlind) {
		answer(w, http.StatusNotFound, `{"reason":"Not found"}`)
		return
	}
	answer(w, http.StatusOK, d.json())
}

func (m *Makers) list(w http.ResponseWriter, r *http.Request) {
	since, _ := strconv.ParseInt(r.URL.Query().Get("since"), 10, 64)
	m.mu.Lock()
	defer m.mu.Unlock()
	var rows []string
	for _, d := range m.trades {
		if d.at.Unix() >= since {
			rows = append(rows, d.json())
		}
	}
	answer(w, http.StatusOK, `{"trades":[`+strings.Join(rows, ",")+`],"more":false}`)
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) //nolint:gosec // JSON on loopback that no browser shows; a client that is gone misses nothing
}
