package okx

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
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
const TradeURL = "https://www.okx.com"

// Trader trades at OKX spot (v5 REST, "Making Requests"), with cash, not on margin. An order
// that was cancelled unfilled is known for two hours.
type Trader struct {
	client *rest.Client
	key    rest.Key
	now    func() time.Time

	orders, lookups, account, public *rest.Bucket
}

var _ trade.Venue = (*Trader)(nil)

// NewTrader refuses an address or a key that can't work; it connects nothing yet.
func NewTrader(url string, key rest.Key, timeout time.Duration, now func() time.Time) (*Trader, error) {
	if key.ID == "" || key.Secret.Reveal() == "" || key.Passphrase.Reveal() == "" {
		return nil, errors.New("okx: a key, its secret and its passphrase are needed")
	}
	client, err := rest.New(rest.Config{URL: url, Timeout: timeout, Now: now})
	if err != nil {
		return nil, fmt.Errorf("okx: %w", err)
	}
	const window = 2 * time.Second // in which the documents count each endpoint's limit
	return &Trader{client: client, key: key, now: now, orders: rest.NewBucket(60, window), lookups: rest.NewBucket(60, window),
		account: rest.NewBucket(10, window), public: rest.NewBucket(20, window)}, nil
}

// Name implements trade.Venue.
func (t *Trader) Name() string { return Name }

// sign is HMAC-SHA256 over time, method, path and body, in base64.
func sign(secret rest.Secret, at, method, path, body string) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	_, _ = mac.Write([]byte(at + method + path + body)) // a hash never fails
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// ask sends a signed request; until is when the venue must refuse it, zero for never.
func (t *Trader) ask(ctx context.Context, method, path, body string, until time.Time, bucket *rest.Bucket, data any) error {
	at := t.now().UTC().Format("2006-01-02T15:04:05.000Z")
	header := http.Header{"Ok-Access-Key": {t.key.ID}, "Ok-Access-Sign": {sign(t.key.Secret, at, method, path, body)},
		"Ok-Access-Timestamp": {at}, "Ok-Access-Passphrase": {t.key.Passphrase.Reveal()}, "Content-Type": {"application/json"}}
	if !until.IsZero() {
		header["Exptime"] = []string{strconv.FormatInt(until.UnixMilli(), 10)}
	}
	answer, err := t.client.Do(ctx, rest.Request{Method: method, Path: path, Body: body, Header: header, Costs: []rest.Cost{{Bucket: bucket, Tokens: 1}}})
	if err != nil {
		return err
	}
	return read(answer, data)
}

// unsure are the codes that say nothing of an order: the service is away, timed out, busy or
// broken, or the order's own request timed out.
var unsure = map[string]bool{"50001": true, "50004": true, "50013": true, "50026": true, "51149": true}

// Codes that are looked at.
const (
	codeDone    = "0"
	codeTooMany = "50011"
	codeNoOrder = "51603"
)

// refusal says what a code means for an order: a certain no, unless it is one of the unsure.
func refusal(status int, code, message string) error {
	told := fmt.Errorf("status %d, code %.20s: %.200s", status, code, message)
	switch {
	case code == codeNoOrder:
		return fmt.Errorf("%w: %w", trade.ErrNoOrder, told)
	case code == codeTooMany:
		return fmt.Errorf("%w: %w: %w", trade.ErrWait, trade.ErrNotPlaced, told)
	case unsure[code] || status >= 500 || code == "":
		return told
	}
	return fmt.Errorf("%w: %w", trade.ErrNotPlaced, told)
}

// read reads the envelope of all answers. Where an operation failed, its own code is in data.
func read(a rest.Answer, data any) error {
	told, err := rest.Decode[struct {
		Code    string          `json:"code"`
		Message string          `json:"msg"`
		Data    json.RawMessage `json:"data"`
	}](a)
	if err != nil {
		return err
	}
	if told.Code != codeDone {
		var each []struct {
			Code    string `json:"sCode"`
			Message string `json:"sMsg"`
		}
		if json.Unmarshal(told.Data, &each) == nil && len(each) == 1 && each[0].Code != "" {
			return refusal(a.Status, each[0].Code, each[0].Message)
		}
		return refusal(a.Status, told.Code, told.Message)
	}
	if a.Status != http.StatusOK {
		return fmt.Errorf("status %d", a.Status)
	}
	if err := json.Unmarshal(told.Data, data); err != nil {
		return fmt.Errorf("data that can't be read: %w", err)
	}
	return nil
}

// Balances implements trade.Venue: "Get balance".
func (t *Trader) Balances(ctx context.Context) (map[asset.ID]asset.Units, error) {
	var told []struct {
		Details []struct {
			Asset string `json:"ccy"`
			Cash  string `json:"cashBal"`
		} `json:"details"`
	}
	if err := t.ask(ctx, http.MethodGet, "/api/v5/account/balance", "", time.Time{}, t.account, &told); err != nil {
		return nil, err
	}
	balances := map[asset.ID]asset.Units{}
	for _, account := range told {
		for _, d := range account.Details {
			id := asset.ID(d.Asset)
			if _, known := asset.Lookup(id); !known {
				continue
			}
			units, err := rest.Coins(id, d.Cash, asset.Down)
			if err != nil {
				return nil, fmt.Errorf("balance of %s: %w", id, err)
			}
			balances[id] = units
		}
	}
	return balances, nil
}

// Depth implements trade.Venue: "Get order book".
func (t *Trader) Depth(ctx context.Context, i liquidity.Instrument) (trade.Depth, error) {
	var told []struct {
		Bids [][]json.RawMessage `json:"bids"`
		Asks [][]json.RawMessage `json:"asks"`
	}
	if err := t.open(ctx, "/api/v5/market/books?sz=50&instId="+i.String(), &told); err != nil {
		return trade.Depth{}, err
	}
	if len(told) != 1 {
		return trade.Depth{}, fmt.Errorf("an answer with %d books", len(told))
	}
	return rest.Depth(told[0].Bids, told[0].Asks, i)
}

// Rules implements trade.Venue: "Get instruments".
func (t *Trader) Rules(ctx context.Context, i liquidity.Instrument) (trade.Rules, error) {
	var told []struct {
		Tick  string `json:"tickSz"`
		Lot   string `json:"lotSz"`
		Min   string `json:"minSz"`
		State string `json:"state"`
	}
	if err := t.open(ctx, "/api/v5/public/instruments?instType=SPOT&instId="+i.String(), &told); err != nil {
		return trade.Rules{}, err
	}
	if len(told) != 1 || told[0].State != "live" {
		return trade.Rules{}, fmt.Errorf("%s is not traded at the venue now", i)
	}
	return rest.RuleTexts{PriceStep: told[0].Tick, SizeStep: told[0].Lot, MinSize: told[0].Min}.Read(i)
}

// open asks without a key.
func (t *Trader) open(ctx context.Context, path string, data any) error {
	answer, err := t.client.Do(ctx, rest.Request{Method: http.MethodGet, Path: path, Costs: []rest.Cost{{Bucket: t.public, Tokens: 1}}})
	if err != nil {
		return err
	}
	return read(answer, data)
}
