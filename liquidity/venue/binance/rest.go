package binance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Limits of REST.
const (
	restTimeout = 5 * time.Second
	// pause429 and pause418 stand in for a missing or unreadable Retry-After; a ban
	// lasts 2 minutes at least and 3 days at most.
	pause429 = time.Minute
	pause418 = 2 * time.Minute
	pauseMax = 72 * time.Hour
	// usedMost is how much of the venue's 6000 per minute may be used up on this
	// address, by whomever, before we hold back.
	usedMost   = 4800
	usedHeader = "X-Mbx-Used-Weight-1m"
)

// errThrottled means that the venue asked us to wait, and the budget is closed
// until then.
var errThrottled = errors.New("the venue asks to wait")

// rest asks for snapshots. Its budget is shared by all connections of a Venue.
type rest struct {
	client *http.Client
	url    string
	budget *budget
	now    func() time.Time
}

func newRest(base *url.URL, symbol string, weight int, now func() time.Time) *rest {
	u := *base
	u.Path = "/api/v3/depth"
	u.RawQuery = url.Values{"symbol": {symbol}, "limit": {strconv.Itoa(snapshotLimit)}}.Encode()
	return &rest{
		url: u.String(), now: now, budget: &budget{limit: weight, per: time.Minute},
		client: &http.Client{
			Timeout:       restTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// fetch gets the body of one snapshot. The caller has taken its weight from the budget.
func (r *rest) fetch(ctx context.Context) (body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if err := r.obey(response); err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("snapshot: status %d", response.StatusCode)
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("a snapshot of more than %d bytes: %w", maxBody, ErrMalformed)
	}
	return body, nil
}

// obey closes the budget when the venue says that too much was asked, or nearly.
func (r *rest) obey(response *http.Response) error {
	pause := time.Duration(0)
	switch response.StatusCode {
	case http.StatusTooManyRequests:
		pause = retryAfter(response.Header, pause429)
	case http.StatusTeapot:
		pause = retryAfter(response.Header, pause418)
	}
	if pause > 0 {
		r.budget.closeUntil(r.now().Add(pause))
		return fmt.Errorf("status %d, for %s: %w", response.StatusCode, pause, errThrottled)
	}
	if used, err := strconv.Atoi(response.Header.Get(usedHeader)); err == nil && used > usedMost {
		// The venue counts by the minute.
		r.budget.closeUntil(r.now().Truncate(time.Minute).Add(time.Minute))
	}
	return nil
}

// retryAfter is the pause a response asks for: whole seconds, at least one.
func retryAfter(h http.Header, otherwise time.Duration) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 63)
	if err != nil {
		return otherwise
	}
	return time.Duration(min(max(seconds, 1), uint64(pauseMax/time.Second))) * time.Second
}
