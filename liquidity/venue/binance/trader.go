package binance

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
	"ferry/swap/asset"
)

// TradeURL is where orders go.
const TradeURL = "https://api.binance.com"

// The venue's limits as of its documents: request weight and orders.
const (
	weightPerMinute = 6000
	ordersPer10s    = 100
	ordersPerDay    = 200_000
)

// recvWindowMost is the longest time in which the venue takes a signed request.
const recvWindowMost = 60 * time.Second

// Trader trades at Binance spot ("REST API", SIGNED endpoints with HMAC-SHA256). The key
// must not pay fees in BNB, which Ferry keeps no books of.
type Trader struct {
	client  *rest.Client
	key     rest.Key
	now     func() time.Time
	weight  *rest.Bucket
	tenSecs *rest.Bucket
	day     *rest.Bucket
}

var _ trade.Venue = (*Trader)(nil)

// NewTrader refuses an address or a key that can't work; it connects nothing yet.
func NewTrader(url string, key rest.Key, timeout time.Duration, now func() time.Time) (*Trader, error) {
	if key.ID == "" || key.Secret.Reveal() == "" {
		return nil, errors.New("binance: a key and its secret are needed")
	}
	t := &Trader{key: key, now: now, weight: rest.NewBucket(weightPerMinute, time.Minute),
		tenSecs: rest.NewBucket(ordersPer10s, 10*time.Second), day: rest.NewBucket(ordersPerDay, 24*time.Hour)}
	client, err := rest.New(rest.Config{URL: url, Timeout: timeout, Now: now, Correct: t.correct})
	if err != nil {
		return nil, fmt.Errorf("binance: %w", err)
	}
	t.client = client
	return t, nil
}

// Name implements trade.Venue.
func (t *Trader) Name() string { return Name }

// correct believes the venue's own counters.
func (t *Trader) correct(h http.Header, now time.Time) {
	for name, bucket := range map[string]*rest.Bucket{
		"X-Mbx-Used-Weight-1m": t.weight, "X-Mbx-Order-Count-10s": t.tenSecs, "X-Mbx-Order-Count-1d": t.day} {
		if used, err := strconv.ParseInt(h.Get(name), 10, 64); err == nil && used >= 0 {
			bucket.Used(now, used)
		}
	}
}

// sign is HMAC-SHA256 over the query, in hexadecimal digits.
func sign(secret rest.Secret, query string) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	_, _ = mac.Write([]byte(query)) // a hash never fails
	return hex.EncodeToString(mac.Sum(nil))
}

// signed asks with the key, within the window from now on.
func (t *Trader) signed(ctx context.Context, method, path string, query string, window time.Duration, costs ...rest.Cost) (rest.Answer, error) {
	query += "recvWindow=" + strconv.FormatInt(window.Milliseconds(), 10) + "&timestamp=" + strconv.FormatInt(t.now().UnixMilli(), 10)
	query += "&signature=" + sign(t.key.Secret, query)
	return t.client.Do(ctx, rest.Request{Method: method, Path: path + "?" + query,
		Header: http.Header{"X-Mbx-Apikey": {t.key.ID}}, Costs: costs})
}

func (t *Trader) weighs(n int64) rest.Cost { return rest.Cost{Bucket: t.weight, Tokens: n} }

// Errors of the venue that are looked at ("Error codes for Binance").
const (
	codeDisconnected = -1001
	codeUnexpected   = -1006
	codeTimeout      = -1007
	codeTooMany      = -1003
	codeManyOrders   = -1015
	codeShutdown     = -1016
	codeUnknown      = -1000
	codeNoOrder      = -2013
)

// refusal reads an answer that is not 200. A 4xx is the venue's certain no, but for the
// codes with which it says that it does not know; a 5xx says nothing.
func refusal(a rest.Answer) error {
	said, err := rest.Decode[struct {
		Code    int    `json:"code"`
		Message string `json:"msg"`
	}](a)
	if err != nil {
		return err
	}
	told := fmt.Errorf("status %d, code %d: %.200s", a.Status, said.Code, said.Message)
	switch said.Code {
	case codeNoOrder:
		return fmt.Errorf("%w: %w", trade.ErrNoOrder, told)
	case codeUnknown, codeDisconnected, codeUnexpected, codeTimeout, codeShutdown:
		return told
	case codeTooMany, codeManyOrders:
		return fmt.Errorf("%w: %w: %w", trade.ErrWait, trade.ErrNotPlaced, told)
	}
	if a.Status >= 400 && a.Status < 500 && said.Code != 0 {
		return fmt.Errorf("%w: %w", trade.ErrNotPlaced, told)
	}
	return told
}

func symbol(i liquidity.Instrument) string { return string(i.Base) + string(i.Quote) }

// Balances implements trade.Venue.
func (t *Trader) Balances(ctx context.Context) (map[asset.ID]asset.Units, error) {
	answer, err := t.signed(ctx, http.MethodGet, "/api/v3/account", "", recvWindowMost, t.weighs(20))
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return nil, refusal(answer)
	}
	account, err := rest.Decode[struct {
		Balances []struct {
			Asset  string `json:"asset"`
			Free   string `json:"free"`
			Locked string `json:"locked"`
		} `json:"balances"`
	}](answer)
	if err != nil {
		return nil, err
	}
	balances := map[asset.ID]asset.Units{}
	for _, b := range account.Balances {
		id := asset.ID(b.Asset)
		if _, known := asset.Lookup(id); !known {
			continue
		}
		free, err := rest.Coins(id, b.Free, asset.Down)
		if err != nil {
			return nil, fmt.Errorf("balance of %s: %w", id, err)
		}
		locked, err := rest.Coins(id, b.Locked, asset.Down)
		if err != nil {
			return nil, fmt.Errorf("balance of %s: %w", id, err)
		}
		if balances[id], err = free.Add(locked); err != nil {
			return nil, fmt.Errorf("balance of %s: %w", id, err)
		}
	}
	return balances, nil
}
