package bitstamp

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
	"ferry/swap/asset"
)

// TradeURL is where orders go.
const TradeURL = "https://www.bitstamp.net"

// stampLife is for how long the venue takes a request after its timestamp. It has no
// deadline of orders: so an order's timestamp is that much before its deadline.
const stampLife = 150 * time.Second

// The venue's limits: 400 requests a second and 10,000 in ten minutes.
const (
	perSecond     = 400
	perTenMinutes = 10_000
)

// Trader trades at Bitstamp (API v2, "Authentication" with X-Auth headers).
type Trader struct {
	client *rest.Client
	host   string
	key    rest.Key
	now    func() time.Time

	second, minutes *rest.Bucket
}

var _ trade.Venue = (*Trader)(nil)

// NewTrader refuses an address or a key that can't work; it connects nothing yet.
func NewTrader(address string, key rest.Key, timeout time.Duration, now func() time.Time) (*Trader, error) {
	if key.ID == "" || key.Secret.Reveal() == "" {
		return nil, errors.New("bitstamp: a key and its secret are needed")
	}
	client, err := rest.New(rest.Config{URL: address, Timeout: timeout, Now: now})
	if err != nil {
		return nil, fmt.Errorf("bitstamp: %w", err)
	}
	_, host, _ := strings.Cut(strings.TrimSuffix(address, "/"), "://")
	return &Trader{client: client, host: host, key: key, now: now, second: rest.NewBucket(perSecond, time.Second),
		minutes: rest.NewBucket(perTenMinutes, 10*time.Minute)}, nil
}

// Name implements trade.Venue.
func (t *Trader) Name() string { return Name }

// sign is HMAC-SHA256 over everything that makes the request, in hexadecimal digits. host
// is with the path that comes before the venue's own, where there is one.
func sign(key rest.Key, method, host, path, contentType, nonce, stamp, body string) string {
	mac := hmac.New(sha256.New, []byte(key.Secret.Reveal()))
	// A hash never fails.
	_, _ = mac.Write([]byte("BITSTAMP " + key.ID + method + host + path + contentType + nonce + stamp + "v2" + body))
	return hex.EncodeToString(mac.Sum(nil))
}

// ask sends a signed request as of a time; a form that is empty is not sent.
func (t *Trader) ask(ctx context.Context, path string, form url.Values, at time.Time, result any) error {
	nonce, err := newNonce()
	if err != nil {
		return fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	body, contentType := form.Encode(), ""
	stamp := strconv.FormatInt(at.UnixMilli(), 10)
	header := http.Header{"X-Auth": {"BITSTAMP " + t.key.ID}, "X-Auth-Nonce": {nonce}, "X-Auth-Timestamp": {stamp}, "X-Auth-Version": {"v2"}}
	if body != "" {
		contentType = "application/x-www-form-urlencoded"
		header["Content-Type"] = []string{contentType}
	}
	header["X-Auth-Signature"] = []string{sign(t.key, http.MethodPost, t.host, path, contentType, nonce, stamp, body)}
	answer, err := t.client.Do(ctx, rest.Request{Method: http.MethodPost, Path: path, Body: body, Header: header, Costs: t.costs()})
	if err != nil {
		return err
	}
	return read(answer, result)
}

func (t *Trader) costs() []rest.Cost {
	return []rest.Cost{{Bucket: t.second, Tokens: 1}, {Bucket: t.minutes, Tokens: 1}}
}

// newNonce is a random UUID (version 4).
func newNonce() (string, error) {
	raw := make([]byte, 16)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("make a nonce: %w", err)
	}
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:]), nil
}

// read reads an answer, which says {"status":"error","reason":…} whatever its status where
// the venue refuses. A 5xx says nothing of an order.
func read(a rest.Answer, result any) error {
	if a.Status >= 500 {
		return fmt.Errorf("status %d", a.Status)
	}
	var refusal struct {
		Status string          `json:"status"`
		Reason json.RawMessage `json:"reason"`
		Code   string          `json:"code"`
	}
	// A list is none.
	if json.Unmarshal(a.Body, &refusal) == nil && refusal.Status == "error" {
		told := fmt.Errorf("status %d, code %.20q: %.200s", a.Status, refusal.Code, refusal.Reason)
		if strings.Contains(string(refusal.Reason), "Order not found") {
			return fmt.Errorf("%w: %w", trade.ErrNoOrder, told)
		}
		return fmt.Errorf("%w: %w", trade.ErrNotPlaced, told)
	}
	if a.Status != http.StatusOK {
		told := fmt.Errorf("status %d: %.200s", a.Status, a.Body)
		if a.Status >= 400 {
			return fmt.Errorf("%w: %w", trade.ErrNotPlaced, told)
		}
		return told
	}
	if err := json.Unmarshal(a.Body, result); err != nil {
		return fmt.Errorf("an answer that can't be read: %w", err)
	}
	return nil
}

func symbol(i liquidity.Instrument) string { return strings.ToLower(string(i.Base) + string(i.Quote)) }

// Balances implements trade.Venue: "Account balances".
func (t *Trader) Balances(ctx context.Context) (map[asset.ID]asset.Units, error) {
	var told []struct {
		Currency string `json:"currency"`
		Total    string `json:"total"`
	}
	if err := t.ask(ctx, "/api/v2/account_balances/", nil, t.now(), &told); err != nil {
		return nil, err
	}
	balances := map[asset.ID]asset.Units{}
	for _, b := range told {
		id := asset.ID(strings.ToUpper(b.Currency))
		if _, known := asset.Lookup(id); !known {
			continue
		}
		units, err := rest.Coins(id, b.Total, asset.Down)
		if err != nil {
			return nil, fmt.Errorf("balance of %s: %w", id, err)
		}
		balances[id] = units
	}
	return balances, nil
}

// open asks without a key.
func (t *Trader) open(ctx context.Context, path string, result any) error {
	answer, err := t.client.Do(ctx, rest.Request{Method: http.MethodGet, Path: path, Costs: t.costs()})
	if err != nil {
		return err
	}
	return read(answer, result)
}

// Depth implements trade.Venue: "Order book".
func (t *Trader) Depth(ctx context.Context, i liquidity.Instrument) (trade.Depth, error) {
	var told struct {
		Bids [][]json.RawMessage `json:"bids"`
		Asks [][]json.RawMessage `json:"asks"`
	}
	if err := t.open(ctx, "/api/v2/order_book/"+symbol(i)+"/", &told); err != nil {
		return trade.Depth{}, err
	}
	return rest.Depth(told.Bids, told.Asks, i)
}

// Rules implements trade.Venue: "Trading pairs info", where places stand for steps, and the
// least order is "10.0 USD".
func (t *Trader) Rules(ctx context.Context, i liquidity.Instrument) (trade.Rules, error) {
	var told []struct {
		Symbol  string `json:"url_symbol"`
		Base    int    `json:"base_decimals"`
		Counter int    `json:"counter_decimals"`
		Minimum string `json:"minimum_order"`
		Trading string `json:"trading"`
	}
	if err := t.open(ctx, "/api/v2/trading-pairs-info/", &told); err != nil {
		return trade.Rules{}, err
	}
	for _, p := range told {
		if p.Symbol != symbol(i) {
			continue
		}
		if p.Trading != "Enabled" || p.Base < 0 || p.Base > 18 || p.Counter < 0 || p.Counter > 18 {
			return trade.Rules{}, fmt.Errorf("%s is not traded at the venue now", i)
		}
		least, _, _ := strings.Cut(p.Minimum, " ")
		return rest.RuleTexts{PriceStep: rest.Place(p.Counter), SizeStep: rest.Place(p.Base), MinCost: least}.Read(i)
	}
	return trade.Rules{}, fmt.Errorf("%s is not known at the venue", i)
}
