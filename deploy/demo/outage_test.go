package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ferry/deploy/demo/client"
	"ferry/deploy/demo/demotest"
	"ferry/deploy/demo/show"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

// floor is a service that prices from five venues, and needs two.
type floor struct {
	t    *testing.T
	keys swaptest.Keys
	out  *buffer

	mu   sync.Mutex
	gone []string
	// starved counts looks for which other venues are missing too.
	starved int
	// unavailable and price say what is told of ETH→BTC while so many venues are gone.
	unavailable func(gone int) string
	price       string
	// dear is what is told instead while one is gone; "" for the same.
	dear string
	// careless: quotes are given whatever is missing.
	careless bool
	// busy: the first answer of each kind with so many venues gone is that somebody is slow.
	busy  bool
	slow  map[string]bool
	asked int
	watch time.Duration
}

// late reports whether this answer is one of the slow ones. The caller holds mu.
func (f *floor) late(what string) bool {
	key := fmt.Sprintf("%s with %d gone", what, len(f.gone))
	if !f.busy || f.slow[key] {
		return false
	}
	f.slow[key] = true
	return true
}

const oneVenue = "Only 1 of 5 venues prices ETH-BTC now; Ferry needs 2."

func newFloor(t *testing.T) *floor {
	t.Helper()
	return &floor{t: t, keys: swaptest.NewKeys(), out: &buffer{}, watch: time.Second, price: "0.0348", slow: map[string]bool{}, unavailable: func(gone int) string {
		if gone == 4 {
			return oneVenue
		}
		return ""
	}}
}

// lose runs what the demo shows of venues that go away.
func (f *floor) lose() error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/rates", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		rates := []client.Rate{{From: "BTC", To: "ETH", Price: "28.3"}, {From: "ETH", To: "BTC", Price: f.price}}
		if len(f.gone) == 1 && f.dear != "" {
			rates[1].Price = f.dear
		}
		for i := range rates {
			rates[i].Unavailable = f.unavailable(len(f.gone))
		}
		f.answer(w, http.StatusOK, map[string]any{"rates": rates})
	})
	sham := &sham{t: f.t, keys: f.keys}
	mux.HandleFunc("POST /v1/quotes", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.asked++; f.late("quote") {
			f.answer(w, http.StatusTooManyRequests, client.Problem{Code: swap.CodeTooManyRequests, Detail: "Too many at once."})
			return
		}
		if reason := f.unavailable(len(f.gone)); reason != "" && !f.careless {
			f.answer(w, http.StatusServiceUnavailable, client.Problem{Code: swap.CodePriceUnavailable, Detail: reason})
			return
		}
		sham.quote(w, r)
	})
	server := httptest.NewServer(mux)
	f.t.Cleanup(server.Close)
	api, err := client.New(client.Config{URL: server.URL, Networks: demotest.Networks, QuoteKeys: f.keys.QuoteKeys(), AttestKeys: f.keys.AttestKeys()})
	must(f.t, err)
	display := show.New(show.Config{Out: f.out})
	f.t.Cleanup(func() { must(f.t, display.Close()) })
	r := &run{show: display, api: api, cfg: Config{ReadyLimit: time.Minute, Venues: &Venues{Names: []string{"one", "two", "three", "four", "five"}, Watch: f.watch,
		Unplug: func(_ context.Context, name string) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.late("unplug") {
				return context.DeadlineExceeded
			}
			f.gone = append(f.gone, name)
			return nil
		},
		Plug: func(context.Context) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.late("plug") {
				return context.DeadlineExceeded
			}
			f.gone = nil
			return nil
		},
		Pricing: func(context.Context) (int, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.late("pricing") {
				return 0, context.DeadlineExceeded
			}
			if f.starved > 0 && len(f.gone) == 1 {
				f.starved--
				return 1, nil
			}
			return 5 - len(f.gone), nil
		}}}}
	there := asset.Pair{From: asset.BTC, To: asset.ETH}
	return r.lose(f.t.Context(), []asset.Pair{there, {From: asset.ETH, To: asset.BTC}}, []asset.Amount{swaptest.Amount(asset.BTC, "0.01"), swaptest.Amount(asset.ETH, "0.7")})
}

func (f *floor) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		f.t.Error(err)
	}
}

// One venue is missed by nobody, all but one by everybody, who are told why; both claims are
// shown.
func TestVenuesGoAway(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	if err := f.lose(); err != nil {
		t.Fatalf("%v\n%s", err, f.out)
	}
	for _, want := range []string{"two unplugged: ", " prices and 2 firm quotes given, 0 told unavailable, 0 refused; there and back cost 1.52 % at most, 0.00 % more than before at most (bounds 2.50 % and 0.30 %)",
		`all but one unplugged: every pair stopped; BTC-ETH: "` + oneVenue, "plugged again: all 5 price every pair"} {
		if !strings.Contains(f.out.String(), want) {
			t.Errorf("%q was not shown:\n%s", want, f.out)
		}
	}
	if len(f.gone) != 0 {
		t.Errorf("%v are still gone", f.gone)
	}
}

// What fails the run.
func TestVenuesGoAwayAndSomethingIsWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		wrong func(f *floor)
		want  string
	}{
		{"refused with one missing", func(f *floor) {
			f.unavailable = func(gone int) string { return []string{"", "Too few.", "", "", oneVenue}[gone] }
		}, "BTC-ETH is refused with 4 venues: Too few."},
		{"too dear", func(f *floor) { f.price = "0.034" }, "costs 3.78 %, more than 2.50 %"},
		{"too dear without one", func(f *floor) { f.dear = "0.03465" }, "costs 1.95 %, more than 0.30 % beyond the 1.52 % before"},
		{"no number", func(f *floor) { f.price = "cheap" }, "is no number"},
		{"a quote with one venue", func(f *floor) { f.careless = true }, "a quote was given with one venue"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFloor(t)
			test.wrong(f)
			if err := f.lose(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, not %q", err, test.want)
			}
		})
	}
}

// A machine that stands still for all venues at once refuses for another reason than the one
// that is missing.
func TestAMachineThatStandsStillIsForgiven(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	looks := 0
	f.starved = 3
	f.unavailable = func(gone int) string {
		if gone == 1 && f.starved > 0 {
			looks++
		}
		return map[bool]string{true: oneVenue}[gone == 4 || gone == 1 && f.starved > 0]
	}
	if err := f.lose(); err != nil || looks == 0 {
		t.Errorf("%v\n%s", err, f.out)
	}
	if strings.Contains(f.out.String(), " 0 told unavailable") {
		t.Errorf("what was told unavailable is not shown:\n%s", f.out)
	}
}

// One slow or throttled answer of each kind, at each step, is asked for again.
func TestOneSlowAnswerIsForgiven(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.busy = true
	if err := f.lose(); err != nil {
		t.Fatalf("%v\n%s", err, f.out)
	}
	for _, want := range []string{"pricing with 0 gone", "unplug with 0 gone", "pricing with 1 gone", "quote with 1 gone", "unplug with 1 gone", "quote with 4 gone", "plug with 4 gone"} {
		if !f.slow[want] {
			t.Errorf("nobody was slow at %q: %v", want, f.slow)
		}
	}
}

// Prices that are told to be missing, and are not, cost no more quotes than the run can spare.
func TestQuotesAreSpared(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.careless, f.watch = true, 20*pollEvery
	f.unavailable = func(gone int) string { return map[bool]string{true: oneVenue}[gone == 1 || gone == 4] }
	err := f.lose()
	if err == nil || !strings.Contains(err.Error(), "a quote was given with one venue") {
		t.Errorf("%v", err)
	}
	if most := heldMost + 2 + 1; f.asked == 0 || f.asked > most {
		t.Errorf("%d quotes were asked for, %d at most are spared", f.asked, most)
	}
}

func TestVenuesAreChecked(t *testing.T) {
	t.Parallel()
	whole := Venues{Names: []string{"a", "b", "c"}, Unplug: func(context.Context, string) error { return nil },
		Plug: func(context.Context) error { return nil }, Pricing: func(context.Context) (int, error) { return 3, errors.ErrUnsupported }}
	few, mute := whole, whole
	few.Names = slices.Clone(whole.Names[:2])
	mute.Plug = nil
	for _, v := range []Venues{few, mute} {
		display := show.New(show.Config{Out: &buffer{}})
		if _, err := (Config{Show: display, Venues: &v}).withDefaults(); err == nil || !strings.Contains(err.Error(), "the demo's venues") {
			t.Errorf("%v: %v", v.Names, err)
		}
		must(t, display.Close())
	}
}
