package feed

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Within no window is more spent than the limit, and a refusal says when to come
// back: then it is granted.
func TestBudget(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 10).Draw(t, "limit")
		b := budget{limit: limit, per: time.Minute}
		now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		var spent []expense
		closed := time.Time{}
		for range 50 {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "seconds")) * time.Second)
			if rapid.IntRange(0, 9).Draw(t, "close") == 0 {
				then := now.Add(time.Duration(rapid.IntRange(-60, 120).Draw(t, "until")) * time.Second)
				b.closeUntil(then)
				if then.After(closed) {
					closed = then
				}
			}
			cost := rapid.IntRange(1, limit).Draw(t, "cost")
			for held := b.take(now, cost); held != 0; held = b.take(now, cost) {
				if held < 0 || held > 3*time.Minute {
					t.Fatalf("held for %s", held)
				}
				now = now.Add(held)
			}
			spent = append(spent, expense{now, cost})
			sum := 0
			for _, e := range spent {
				if now.Sub(e.at) < time.Minute {
					sum += e.cost
				}
			}
			if sum > limit || now.Before(closed) {
				t.Fatalf("%d of %d spent at %s, closed until %s", sum, limit, now, closed)
			}
		}
	})
}

// What each answer of the venue means, and for how long it holds us back.
func TestRestObeys(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 15, 0, time.UTC)
	for name, c := range map[string]struct {
		status int
		header map[string]string
		body   string
		want   error
		fails  bool
		held   time.Duration
	}{
		"good":                     {200, nil, "{}", nil, false, 0},
		"429":                      {429, map[string]string{"Retry-After": "7"}, "", errThrottled, true, 7 * time.Second},
		"429 without a time":       {429, nil, "", errThrottled, true, pause429},
		"429 with a date":          {429, map[string]string{"Retry-After": "Fri, 02 Jan 2026 03:05:15 GMT"}, "", errThrottled, true, pause429},
		"429 now":                  {429, map[string]string{"Retry-After": "0"}, "", errThrottled, true, time.Second},
		"418":                      {418, map[string]string{"Retry-After": "3600"}, "", errThrottled, true, time.Hour},
		"418 without a time":       {418, nil, "", errThrottled, true, pause418},
		"418 for a year":           {418, map[string]string{"Retry-After": "31536000"}, "", errThrottled, true, pauseMax},
		"418 for longer than that": {418, map[string]string{"Retry-After": "99999999999999999999"}, "", errThrottled, true, pause418},
		"500":                      {500, nil, "", nil, true, 0},
		"moved":                    {302, map[string]string{"Location": "/elsewhere"}, "", nil, true, 0},
		"the venue is busy":        {200, map[string]string{"Busy": "yes"}, "{}", nil, false, 45 * time.Second},
		"too long":                 {200, nil, strings.Repeat(" ", maxBody+1), ErrMalformed, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan string, 10)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked <- r.URL.String()
				for k, v := range c.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			t.Cleanup(server.Close)
			r := newRest(Snapshots{URL: server.URL + "/book?limit=1000", Cost: 50, Limit: 1000, Per: time.Minute,
				Held: func(h http.Header, now time.Time) time.Time {
					if h.Get("Busy") != "" {
						return now.Add(45 * time.Second)
					}
					return time.Time{}
				}}, func() time.Time { return now })
			body, err := r.fetch(t.Context(), r.URL)
			if (err != nil) != c.fails || c.want != nil && !errors.Is(err, c.want) || !c.fails && string(body) != c.body {
				t.Errorf("%.20q, %v", body, err)
			}
			if held := r.budget.take(now, r.Cost); held != c.held {
				t.Errorf("held back for %s, want %s", held, c.held)
			}
			if got := <-asked; got != "/book?limit=1000" || len(asked) > 0 {
				t.Errorf("asked for %s and %d more", got, len(asked))
			}
		})
	}
}

func TestJitterIsBounded(t *testing.T) {
	t.Parallel()
	for range 1000 {
		if d := jitter(time.Second); d < time.Second/2 || d > time.Second {
			t.Fatalf("jitter of a second is %s", d)
		}
	}
}
