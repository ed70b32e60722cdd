package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Limits of REST.
const (
	restTimeout = 5 * time.Second
	maxBody     = 4 << 20
	// pause429 and pause418 stand in for a missing or unreadable Retry-After; a ban
	// lasts 2 minutes at least and 3 days at most.
	pause429 = time.Minute
	pause418 = 2 * time.Minute
	pauseMax = 72 * time.Hour
)

// errThrottled means that the venue asked us to wait, and the budget is closed
// until then.
var errThrottled = errors.New("the venue asks to wait")

// rest asks for snapshots. Its budget is shared by all books of a trunk.
type rest struct {
	Snapshots
	client *http.Client
	budget *budget
	now    func() time.Time
}

func newRest(s Snapshots, now func() time.Time) *rest {
	return &rest{
		Snapshots: s, now: now, budget: &budget{limit: s.Limit, per: s.Per},
		client: &http.Client{
			Timeout:       restTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// fetch gets the body of one snapshot. The caller has taken its cost from the budget.
func (r *rest) fetch(ctx context.Context, url string) (body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
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
	if pause := refused(response); pause > 0 {
		r.budget.closeUntil(r.now().Add(pause))
		return fmt.Errorf("status %d, for %s: %w", response.StatusCode, pause, errThrottled)
	}
	if r.Held != nil {
		r.budget.closeUntil(r.Held(response.Header, r.now()))
	}
	return nil
}

// refused is how long a 429 or 418 asks to wait; 0 for any other answer.
func refused(response *http.Response) time.Duration {
	switch response.StatusCode {
	case http.StatusTooManyRequests:
		return retryAfter(response.Header, pause429)
	case http.StatusTeapot:
		return retryAfter(response.Header, pause418)
	}
	return 0
}

// retryAfter is the pause a response asks for: whole seconds, at least one.
func retryAfter(h http.Header, otherwise time.Duration) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 63)
	if err != nil {
		return otherwise
	}
	return time.Duration(min(max(seconds, 1), uint64(pauseMax/time.Second))) * time.Second
}
