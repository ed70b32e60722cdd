package fee

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"ferry/hotwallet/chain"
)

const recommended = `{"fastestFee":12,"halfHourFee":8.125,"hourFee":5,"economyFee":2,"minimumFee":1,"whatever":"else"}`

func TestRecommended(t *testing.T) {
	t.Parallel()
	for blocks, want := range map[int]chain.Rate{1: 12_000, 2: 8125, 3: 8125, 6: 5000, 7: 2000, 1008: 2000} {
		if got, err := readRecommended([]byte(recommended), blocks); err != nil || got != want {
			t.Errorf("within %d blocks: %d, %v; want %d", blocks, got, err, want)
		}
	}
	for _, body := range []string{"", "null", "[]", "{}", `{"halfHourFee":0}`, `{"halfHourFee":-1}`, `{"halfHourFee":1e9}`, `{"halfHourFee":"1/3"}`,
		`{"halfHourFee":100001}`, `{"halfHourFee":true}`, `{"halfHourFee":` + strings.Repeat("9", 400) + `}`, recommended + recommended} {
		if got, err := readRecommended([]byte(body), 3); err == nil {
			t.Errorf("%.60s: %d", body, got)
		}
	}
}

func FuzzRecommended(f *testing.F) {
	for _, seed := range []string{recommended, "{}", `{"halfHourFee":1e3}`, `{"halfHourFee":"0.001"}`} {
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, body []byte, blocks int) {
		if rate, err := readRecommended(body, blocks); err == nil && (rate == 0 || rate > satPerVByteMost*1000) {
			t.Fatalf("%q: %d", body, rate)
		}
	})
}

// A service from outside is believed nothing but a short answer with status 200, and is
// not followed elsewhere.
func TestWeb(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		answer http.HandlerFunc
		want   chain.Rate
	}{
		"an answer": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, recommended) }, 8125},
		"an error":  {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, recommended, http.StatusTeapot) }, 0},
		"too long": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, recommended, strings.Repeat(" ", bodyMost))
		}, 0},
		"somewhere else": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) }, 0},
		"something else": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, 0},
		"no answer":      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0},
		"cut in the body": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			fmt.Fprint(w, recommended)
		}, 0},
	} {
		server := httptest.NewServer(row.answer)
		t.Cleanup(server.Close)
		w, err := NewWeb(server.URL + "/secret-key")
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.Rate(t.Context(), 3)
		if got != row.want || (err == nil) != (row.want > 0) {
			t.Errorf("%s: %d, %v", name, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret-key") {
			t.Errorf("%s: the error tells the address: %v", name, err)
		}
	}
	for _, address := range []string{"", "file:///etc/fees", "mempool.example", "http://", ":"} {
		if _, err := NewWeb(address); err == nil {
			t.Errorf("%q was taken", address)
		}
	}
}
