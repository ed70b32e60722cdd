package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ferry/liquidity/trade"
)

// Limits of an answer and of a pause.
const (
	maxBody = 1 << 20
	// pause429 and pause418 stand in for a missing or unreadable Retry-After.
	pause429 = time.Minute
	pause418 = 2 * time.Minute
	pauseMax = 72 * time.Hour
)

// Config is where a venue is and how it is asked.
type Config struct {
	// URL is the venue's address, "https://api.kraken.com".
	URL string
	// Timeout bounds one request and its answer.
	Timeout time.Duration
	Now     func() time.Time
	// Correct, if not nil, reads a venue's own counters out of an answer.
	Correct func(h http.Header, now time.Time)
}

// Client sends requests to one venue.
type Client struct {
	config Config
	base   string
	http   *http.Client
}

// New refuses an address that is none.
func New(c Config) (*Client, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" || u.RawQuery != "" {
		return nil, fmt.Errorf("%.80q is not an address http://host or https://host", c.URL)
	}
	if c.Timeout <= 0 || c.Timeout > time.Minute || c.Now == nil {
		return nil, errors.New("a trading client needs a clock and a timeout of at most a minute")
	}
	return &Client{config: c, base: strings.TrimSuffix(c.URL, "/"), http: &http.Client{
		Timeout:       c.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Request is one request, signed already.
type Request struct {
	Method string
	// Path begins with a slash and has its query, as it was signed.
	Path   string
	Body   string
	Header http.Header
	Costs  []Cost
}

// Cost is what a request takes from a bucket.
type Cost struct {
	Bucket *Bucket
	Tokens int64
}

// Answer is a venue's, of any status.
type Answer struct {
	Status int
	Body   []byte
	Header http.Header
}

// Do sends a request once. The error is trade.ErrNotPlaced (and trade.ErrWait) where the
// venue can't have had it, or refused it with 429 or 418 before it was looked at.
func (c *Client) Do(ctx context.Context, r Request) (answer Answer, err error) {
	for i, cost := range r.Costs {
		if wait := cost.Bucket.Take(c.config.Now(), cost.Tokens); wait > 0 {
			// What was taken from the buckets before comes back by itself.
			return answer, fmt.Errorf("limit %d of %s is used up for %s: %w: %w", i, c.base, wait, trade.ErrWait, trade.ErrNotPlaced)
		}
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, c.base+r.Path, strings.NewReader(r.Body))
	if err != nil {
		return answer, fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	for name, values := range r.Header {
		request.Header[name] = values
	}
	// The body is a reader of a string, which net/http could rewind: it must not send an
	// order a second time over a new connection.
	request.GetBody = nil
	response, err := c.http.Do(request)
	if err != nil {
		return answer, unsent(err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	answer = Answer{Status: response.StatusCode, Header: response.Header}
	if answer.Body, err = io.ReadAll(io.LimitReader(response.Body, maxBody+1)); err != nil {
		return answer, fmt.Errorf("read the answer: %w", err)
	}
	if len(answer.Body) > maxBody {
		return answer, fmt.Errorf("an answer of more than %d bytes", maxBody)
	}
	return answer, c.obey(answer, r.Costs)
}

// unsent tells a connection that was never made from one that may have carried the order.
// Addresses are left out: a query may hold a signature.
func unsent(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	return fmt.Errorf("no answer: %w", err)
}

func (c *Client) obey(a Answer, costs []Cost) error {
	now := c.config.Now()
	pause := time.Duration(0)
	switch a.Status {
	case http.StatusTooManyRequests:
		pause = retryAfter(a.Header, pause429)
	case http.StatusTeapot:
		pause = retryAfter(a.Header, pause418)
	}
	if pause > 0 {
		for _, cost := range costs {
			cost.Bucket.CloseUntil(now.Add(pause))
		}
		return fmt.Errorf("status %d, for %s: %w: %w", a.Status, pause, trade.ErrWait, trade.ErrNotPlaced)
	}
	if c.config.Correct != nil {
		c.config.Correct(a.Header, now)
	}
	return nil
}

// retryAfter is the pause that an answer asks for: whole seconds, at least one.
func retryAfter(h http.Header, otherwise time.Duration) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 63)
	if err != nil {
		return otherwise
	}
	return time.Duration(min(max(seconds, 1), uint64(pauseMax/time.Second))) * time.Second
}
