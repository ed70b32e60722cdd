package kraken

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
	"ferry/swap/asset"
)

// TradeURL is where orders go.
const TradeURL = "https://api.kraken.com"

// The venue's limits for an account of the least tier: a counter of 15 that falls by one
// in three seconds, where lists of the past cost 2; one order a second; and one public
// request a second.
const (
	counterMost  = 15
	counterPer   = 45 * time.Second
	ordersPer60s = 60
)

// Trader trades at Kraken spot (REST, "Spot REST Authentication": API-Sign).
type Trader struct {
	client *rest.Client
	key    rest.Key
	secret []byte
	now    func() time.Time

	counter, orders, public *rest.Bucket

	mu    sync.Mutex
	nonce int64
}

var _ trade.Venue = (*Trader)(nil)

// NewTrader refuses an address or a key that can't work; it connects nothing yet.
func NewTrader(address string, key rest.Key, timeout time.Duration, now func() time.Time) (*Trader, error) {
	secret, err := base64.StdEncoding.DecodeString(key.Secret.Reveal())
	if err != nil || key.ID == "" || len(secret) == 0 {
		return nil, errors.New("kraken: a key and its secret in base64 are needed")
	}
	client, err := rest.New(rest.Config{URL: address, Timeout: timeout, Now: now})
	if err != nil {
		return nil, fmt.Errorf("kraken: %w", err)
	}
	return &Trader{client: client, key: key, secret: secret, now: now, counter: rest.NewBucket(counterMost, counterPer),
		orders: rest.NewBucket(ordersPer60s, time.Minute), public: rest.NewBucket(counterMost, counterMost*time.Second)}, nil
}

// Name implements trade.Venue.
func (t *Trader) Name() string { return Name }

// sign is HMAC-SHA512 of the path and the SHA256 of nonce and body, in base64.
func sign(secret []byte, path, nonce, body string) string {
	inner := sha256.Sum256([]byte(nonce + body))
	mac := hmac.New(sha512.New, secret)
	_, _ = mac.Write(append([]byte(path), inner[:]...)) // a hash never fails
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// next is a number above all before, of this process and, as clocks go, of those before it.
func (t *Trader) next() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.nonce = max(t.nonce+1, t.now().UnixMicro())
	return strconv.FormatInt(t.nonce, 10)
}

// private asks with the key and reads the result.
func (t *Trader) private(ctx context.Context, method string, form url.Values, result any, costs ...rest.Cost) error {
	path, nonce := "/0/private/"+method, t.next()
	form.Set("nonce", nonce)
	body := form.Encode()
	answer, err := t.client.Do(ctx, rest.Request{Method: http.MethodPost, Path: path, Body: body, Costs: costs, Header: http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Api-Key": {t.key.ID}, "Api-Sign": {sign(t.secret, path, nonce, body)}}})
	if err != nil {
		return err
	}
	return t.read(answer, result)
}

func (t *Trader) counts(n int64) rest.Cost { return rest.Cost{Bucket: t.counter, Tokens: n} }

// read reads the envelope that every answer has. Errors are of the form
// "<severity><category>:<message>".
func (t *Trader) read(a rest.Answer, result any) error {
	told, err := rest.Decode[struct {
		Error  []string        `json:"error"`
		Result json.RawMessage `json:"result"`
	}](a)
	if err != nil {
		return err
	}
	for _, text := range told.Error {
		if !strings.HasPrefix(text, "W") { // a warning
			return t.refusal(text)
		}
	}
	if a.Status != http.StatusOK {
		return fmt.Errorf("status %d", a.Status)
	}
	if err := json.Unmarshal(told.Result, result); err != nil {
		return fmt.Errorf("a result that can't be read: %w", err)
	}
	return nil
}

// limitPause is how long to leave the venue alone after it said that it was asked too
// often: the counter falls by five in it.
const limitPause = 15 * time.Second

// refusal is the venue's certain no for what is wrong with the request, the key or the
// order. What is wrong with the service says nothing of the order.
func (t *Trader) refusal(text string) error {
	told := fmt.Errorf("the venue says %.200q", text)
	switch {
	case strings.HasPrefix(text, "EAPI:Rate limit"), strings.HasPrefix(text, "EOrder:Rate limit"), strings.HasPrefix(text, "EGeneral:Temporary lockout"):
		t.counter.CloseUntil(t.now().Add(limitPause))
		return fmt.Errorf("%w: %w: %w", trade.ErrWait, trade.ErrNotPlaced, told)
	case strings.HasPrefix(text, "EService:Throttled"):
		t.counter.CloseUntil(throttled(text, t.now()))
		return fmt.Errorf("%w: %w: %w", trade.ErrWait, trade.ErrNotPlaced, told)
	case strings.HasPrefix(text, "EOrder:"), strings.HasPrefix(text, "EQuery:"), strings.HasPrefix(text, "EFunding:"), strings.HasPrefix(text, "EAPI:Invalid"),
		strings.HasPrefix(text, "EGeneral:Permission denied"), strings.HasPrefix(text, "EGeneral:Invalid arguments"):
		return fmt.Errorf("%w: %w", trade.ErrNotPlaced, told)
	}
	return told
}

// throttled is until when "EService:Throttled: <seconds since 1970>" asks to wait.
func throttled(text string, now time.Time) time.Time {
	_, until, _ := strings.Cut(text, ": ")
	if then, err := rest.Seconds(strings.TrimSpace(until)); err == nil && then.After(now) {
		return then
	}
	return now.Add(limitPause)
}

// names are the venue's own of assets, where they differ.
var names = map[string]asset.ID{"XXBT": asset.BTC, "XBT": asset.BTC, "XETH": asset.ETH, "XLTC": asset.LTC}

func assetOf(name string) asset.ID {
	if id, ok := names[name]; ok {
		return id
	}
	return asset.ID(name)
}

// pair is the venue's short name ("altname") of an instrument.
func pair(i liquidity.Instrument) string {
	return strings.ReplaceAll(string(i.Base)+string(i.Quote), "BTC", "XBT")
}

// Balances implements trade.Venue: "Get Account Balance".
func (t *Trader) Balances(ctx context.Context) (map[asset.ID]asset.Units, error) {
	var told map[string]string
	if err := t.private(ctx, "Balance", url.Values{}, &told, t.counts(1)); err != nil {
		return nil, err
	}
	balances := map[asset.ID]asset.Units{}
	for name, text := range told {
		id := assetOf(name)
		if _, known := asset.Lookup(id); !known {
			continue
		}
		units, err := rest.Coins(id, text, asset.Down)
		if err != nil {
			return nil, fmt.Errorf("balance of %s: %w", id, err)
		}
		balances[id] = units
	}
	return balances, nil
}
