package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

const (
	// maxAnswer bounds an answer; a swap with 100 updates is some 40 KB.
	maxAnswer = 1 << 20
	// callLimit bounds one try of a call; making a swap asks two other services.
	callLimit = 30 * time.Second
	// maxTries and retryPause bound the retries of calls that may be repeated.
	maxTries   = 5
	retryPause = 300 * time.Millisecond
)

// Config is what a wallet knows before its first call.
type Config struct {
	// URL is where the API is, such as "http://127.0.0.1:8080".
	URL      string
	Networks asset.Networks
	// QuoteKeys and AttestKeys are pinned: they come with the wallet, never from
	// the service.
	QuoteKeys, AttestKeys swap.PublicKeys
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Client calls one service.
type Client struct {
	cfg  Config
	base *url.URL
	http *http.Client
}

// New checks the settings; it does not call the service.
func New(cfg Config) (*Client, error) {
	base, err := url.Parse(cfg.URL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("the API's URL %q is not http://host:port", cfg.URL)
	}
	if err := cfg.Networks.Validate(); err != nil {
		return nil, err
	}
	if len(cfg.QuoteKeys) == 0 || len(cfg.AttestKeys) == 0 {
		return nil, errors.New("the public keys that sign quotes and receipts must be pinned")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Client{cfg: cfg, base: base, http: &http.Client{Timeout: callLimit}}, nil
}

// Assets lists what can be swapped.
func (c *Client) Assets(ctx context.Context) ([]Asset, error) {
	var list struct {
		Assets []Asset `json:"assets"`
	}
	err := c.repeat(ctx, func() error { return c.call(ctx, http.MethodGet, "/v1/assets", "", nil, &list) })
	return list.Assets, err
}

// Rates lists indicative prices; they bind nobody.
func (c *Client) Rates(ctx context.Context) ([]Rate, error) {
	var list struct {
		Rates []Rate `json:"rates"`
	}
	err := c.repeat(ctx, func() error { return c.call(ctx, http.MethodGet, "/v1/rates", "", nil, &list) })
	return list.Rates, err
}

// CreateQuote has a price held and returns it with its signed text, verified
// against what was asked. It does not retry: each call is a new lock.
func (c *Client) CreateQuote(ctx context.Context, ask QuoteRequest) (q swap.Quote, signed string, err error) {
	var answer QuoteAnswer
	if err := c.call(ctx, http.MethodPost, "/v1/quotes", "", ask, &answer); err != nil {
		return swap.Quote{}, "", err
	}
	q, err = c.CheckQuote(ask, answer)
	return q, answer.SignedQuote, err
}

// Created is a swap whose receipt was verified: its terms can be relied on.
type Created struct {
	Terms swap.Terms
	// Secret authorises what only the swap's owner may do. Do not log it.
	Secret string
}

// CreateSwap makes a swap from a verified quote and returns its terms, verified
// against the request. The same key with the same request may be sent again and
// is, a few times, while the service cannot be reached.
func (c *Client) CreateSwap(ctx context.Context, key string, ask SwapRequest) (Created, error) {
	var answer SwapAnswer
	err := c.repeat(ctx, func() error { return c.call(ctx, http.MethodPost, "/v1/swaps", key, ask, &answer) })
	if err != nil {
		return Created{}, err
	}
	terms, err := c.CheckSwap(ask, answer)
	if err != nil {
		return Created{}, err
	}
	return Created{Terms: terms, Secret: answer.Secret}, nil
}

// Swap looks at one.
func (c *Client) Swap(ctx context.Context, id string) (Swap, error) {
	var s Swap
	err := c.repeat(ctx, func() error { return c.call(ctx, http.MethodGet, "/v1/swaps/"+url.PathEscape(id), "", nil, &s) })
	if err == nil && s.ID != id {
		err = fmt.Errorf("asked for %s, the service answered %.60q", id, s.ID)
	}
	return s, err
}

// call sends one request. An answer other than 2xx is a *Problem.
func (c *Client) call(ctx context.Context, method, path, key string, body, out any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base.JoinPath(path).String(), content)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("%s %s: %w", method, path, problemOf(res.StatusCode, text))
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s %s: the answer is not as described: %w", method, path, err)
	}
	return nil
}

func problemOf(status int, text []byte) *Problem {
	p := Problem{}
	if err := json.Unmarshal(text, &p); err != nil || p.Code == "" {
		p = Problem{Code: swap.CodeInternal, Detail: fmt.Sprintf("status %d without a problem document", status)}
	}
	p.Status = status
	return &p
}

// repeat tries a call that may be repeated until it is answered, a few times.
func (c *Client) repeat(ctx context.Context, try func() error) error {
	for tries := 1; ; tries++ {
		err := try()
		if err == nil || tries == maxTries || !Passing(err) {
			return err
		}
		pause := time.NewTimer(retryPause * time.Duration(tries))
		select {
		case <-ctx.Done():
			pause.Stop()
			return errors.Join(err, ctx.Err())
		case <-pause.C:
		}
	}
}

// Passing reports whether an error may pass by itself, so that asking again
// makes sense: no answer at all, or one that says try later.
func Passing(err error) bool {
	var p *Problem
	if errors.As(err, &p) {
		return p.Status >= http.StatusInternalServerError || p.Status == http.StatusTooManyRequests
	}
	var network *url.Error
	return errors.As(err, &network) && !errors.Is(err, context.Canceled)
}
