package coinbase

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
	"ferry/swap/asset"
)

// TradeURL is where orders go.
const TradeURL = "https://api.coinbase.com"

// tokenLife is how long the venue takes a token at most; an order's is its deadline.
const tokenLife = 2 * time.Minute

// Trader trades at Coinbase Advanced. Each request has a JWT of its own (ES256, "Generate a
// JWT"), bound to method, host and path; it expires at an order's deadline, so that a request
// that is late is not taken. A client id that was used before gets the order it had, and no
// second one.
type Trader struct {
	client *rest.Client
	host   string
	key    rest.Key
	signer jose.Signer
	now    func() time.Time

	private, public *rest.Bucket
}

var _ trade.Venue = (*Trader)(nil)

// NewTrader refuses an address or a key that can't work; it connects nothing yet. The secret
// is an EC private key in PEM.
func NewTrader(address string, key rest.Key, timeout time.Duration, now func() time.Time) (*Trader, error) {
	private, err := parseKey(key.Secret)
	if err != nil || key.ID == "" {
		return nil, errors.New("coinbase: a key's name and its EC private key in PEM are needed")
	}
	client, err := rest.New(rest.Config{URL: address, Timeout: timeout, Now: now})
	if err != nil {
		return nil, fmt.Errorf("coinbase: %w", err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: key.ID}},
		(&jose.SignerOptions{NonceSource: randomNonce{}}).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("coinbase: %w", err)
	}
	_, host, _ := strings.Cut(strings.TrimSuffix(address, "/"), "://")
	return &Trader{client: client, host: host, key: rest.Key{ID: key.ID}, signer: signer, now: now,
		private: rest.NewBucket(30, time.Second), public: rest.NewBucket(10, time.Second)}, nil
}

// parseKey reads SEC 1 or PKCS #8.
func parseKey(secret rest.Secret) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(secret.Reveal()))
	if block == nil {
		return nil, errors.New("no PEM")
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("no private key")
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("no EC key")
	}
	return key, nil
}

// Name implements trade.Venue.
func (t *Trader) Name() string { return Name }

// token is the JWT of one request until a time.
func (t *Trader) token(method, path string, until time.Time) (string, error) {
	now := t.now()
	return jwt.Signed(t.signer).Claims(struct {
		jwt.Claims
		URI string `json:"uri"`
	}{jwt.Claims{Subject: t.key.ID, Issuer: "cdp", NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(until)},
		method + " " + t.host + path}).Serialize()
}

// ask sends a request with a token and reads its answer.
func (t *Trader) ask(ctx context.Context, method, path string, query url.Values, body string, until time.Time, result any) error {
	if until.IsZero() {
		until = t.now().Add(tokenLife)
	}
	token, err := t.token(method, path, until)
	if err != nil {
		return fmt.Errorf("%w: sign: %w", trade.ErrNotPlaced, err)
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	answer, err := t.client.Do(ctx, rest.Request{Method: method, Path: path, Body: body, Costs: []rest.Cost{{Bucket: t.private, Tokens: 1}},
		Header: http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}})
	if err != nil {
		return err
	}
	return read(answer, result)
}

// read reads an answer. A 4xx is a certain no: the request was not taken.
func read(a rest.Answer, result any) error {
	if a.Status == http.StatusOK {
		if err := json.Unmarshal(a.Body, result); err != nil {
			return fmt.Errorf("an answer that can't be read: %w", err)
		}
		return nil
	}
	told := fmt.Errorf("status %d: %.200s", a.Status, a.Body)
	if a.Status >= 400 && a.Status < 500 && a.Status != http.StatusRequestTimeout {
		return fmt.Errorf("%w: %w", trade.ErrNotPlaced, told)
	}
	return told
}

// open asks without a token.
func (t *Trader) open(ctx context.Context, path string, result any) error {
	answer, err := t.client.Do(ctx, rest.Request{Method: http.MethodGet, Path: path, Costs: []rest.Cost{{Bucket: t.public, Tokens: 1}}})
	if err != nil {
		return err
	}
	return read(answer, result)
}

type money struct {
	Value string `json:"value"`
}

// Balances implements trade.Venue: "List Accounts".
func (t *Trader) Balances(ctx context.Context) (map[asset.ID]asset.Units, error) {
	var told struct {
		Accounts []struct {
			Currency  string `json:"currency"`
			Available money  `json:"available_balance"`
			Hold      money  `json:"hold"`
		} `json:"accounts"`
		More bool `json:"has_next"`
	}
	if err := t.ask(ctx, http.MethodGet, "/api/v3/brokerage/accounts", url.Values{"limit": {"250"}}, "", time.Time{}, &told); err != nil {
		return nil, err
	}
	if told.More {
		return nil, errors.New("there are more than 250 accounts")
	}
	balances := map[asset.ID]asset.Units{}
	for _, a := range told.Accounts {
		id := asset.ID(a.Currency)
		if _, known := asset.Lookup(id); !known {
			continue
		}
		free, err := rest.Coins(id, a.Available.Value, asset.Down)
		if err != nil {
			return nil, fmt.Errorf("balance of %s: %w", id, err)
		}
		held, err := rest.Coins(id, a.Hold.Value, asset.Down)
		if err != nil {
			return nil, fmt.Errorf("balance of %s: %w", id, err)
		}
		if balances[id], err = free.Add(held); err != nil {
			return nil, fmt.Errorf("balance of %s: %w", id, err)
		}
	}
	return balances, nil
}

type bookLevel struct {
	Price json.RawMessage `json:"price"`
	Size  json.RawMessage `json:"size"`
}

// Depth implements trade.Venue: "Get Public Product Book".
func (t *Trader) Depth(ctx context.Context, i liquidity.Instrument) (trade.Depth, error) {
	var told struct {
		Book struct {
			Bids []bookLevel `json:"bids"`
			Asks []bookLevel `json:"asks"`
		} `json:"pricebook"`
	}
	if err := t.open(ctx, "/api/v3/brokerage/market/product_book?limit=50&product_id="+i.String(), &told); err != nil {
		return trade.Depth{}, err
	}
	rows := func(levels []bookLevel) [][]json.RawMessage {
		list := make([][]json.RawMessage, len(levels))
		for n, l := range levels {
			list[n] = []json.RawMessage{l.Price, l.Size}
		}
		return list
	}
	return rest.Depth(rows(told.Book.Bids), rows(told.Book.Asks), i)
}

// Rules implements trade.Venue: "Get Public Product".
func (t *Trader) Rules(ctx context.Context, i liquidity.Instrument) (trade.Rules, error) {
	var told struct {
		Price    string `json:"price_increment"`
		Base     string `json:"base_increment"`
		BaseMin  string `json:"base_min_size"`
		QuoteMin string `json:"quote_min_size"`
		Disabled bool   `json:"trading_disabled"`
	}
	if err := t.open(ctx, "/api/v3/brokerage/market/products/"+i.String(), &told); err != nil {
		return trade.Rules{}, err
	}
	if told.Disabled {
		return trade.Rules{}, fmt.Errorf("%s is not traded at the venue now", i)
	}
	return rest.RuleTexts{PriceStep: told.Price, SizeStep: told.Base, MinSize: told.BaseMin, MinCost: told.QuoteMin}.Read(i)
}
