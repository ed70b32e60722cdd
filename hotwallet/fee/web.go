package fee

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ferry/hotwallet/chain"
)

const (
	// bodyMost bounds an answer; a true one has some hundred bytes.
	bodyMost = 16 << 10
	// webTimeout bounds a call.
	webTimeout = 5 * time.Second
	// satPerVByteMost is more than was ever paid for room in a block for long.
	satPerVByteMost = 100_000
)

// Web is a service from outside that recommends fees of a UTXO chain, in the shape of
// mempool.space's /api/v1/fees/recommended.
type Web struct {
	url    string
	client *http.Client
}

// NewWeb checks the address. It may hold a key, so it does not appear in errors.
func NewWeb(address string) (*Web, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("the address of a source of fees must be http:// or https://, a host and a path")
	}
	return &Web{url: address, client: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Rate is what it recommends for being mined within so many blocks.
func (w *Web) Rate(ctx context.Context, blocks int) (chain.Rate, error) {
	ctx, cancel := context.WithTimeout(ctx, webTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url, nil)
	if err != nil {
		return 0, errors.New("the source's address is not usable")
	}
	res, err := w.client.Do(req)
	if err != nil {
		return 0, withoutAddress(err)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, bodyMost+1))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("status %d", res.StatusCode)
	}
	if len(body) > bodyMost {
		return 0, fmt.Errorf("the answer is longer than %d bytes", bodyMost)
	}
	return readRecommended(body, blocks)
}

// readRecommended takes the figure for a target: at once, within half an hour (three
// blocks), within an hour (six), or whenever it is cheap. They are in sat per vbyte.
func readRecommended(body []byte, blocks int) (chain.Rate, error) {
	var fees struct {
		Fastest  json.Number `json:"fastestFee"`
		HalfHour json.Number `json:"halfHourFee"`
		Hour     json.Number `json:"hourFee"`
		Economy  json.Number `json:"economyFee"`
	}
	if err := json.Unmarshal(body, &fees); err != nil {
		return 0, fmt.Errorf("the answer: %w", err)
	}
	figure := fees.Economy
	switch {
	case blocks <= 1:
		figure = fees.Fastest
	case blocks <= 3:
		figure = fees.HalfHour
	case blocks <= 6:
		figure = fees.Hour
	}
	return perThousand(figure)
}

// perThousand reads sat per vbyte, a decimal, as base units per 1000 vbytes, rounded up.
func perThousand(n json.Number) (chain.Rate, error) {
	text := n.String()
	if len(text) == 0 || len(text) > 20 || strings.Trim(text, "0123456789.") != "" {
		return 0, fmt.Errorf("%.20q is no fee", text)
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok || r.Sign() <= 0 || r.Cmp(big.NewRat(satPerVByteMost, 1)) > 0 {
		return 0, fmt.Errorf("%.20q is no fee above 0 and up to %d", text, satPerVByteMost)
	}
	r.Mul(r, big.NewRat(1000, 1))
	up := new(big.Int).Add(r.Num(), new(big.Int).Sub(r.Denom(), big.NewInt(1)))
	return chain.Rate(up.Div(up, r.Denom()).Uint64()), nil
}

func withoutAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
