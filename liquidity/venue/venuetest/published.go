package venuetest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
)

// Asked is a request that Published had.
type Asked struct {
	Path, Query, Body string
	Header            http.Header
}

// Published plays a venue that knows only the examples of its documents: an answer for each
// "METHOD /path". It returns its address "http://host:port" and a function that tells the
// newest request for a key.
func Published(t *testing.T, answers map[string]string) (address string, asked func(key string) Asked) {
	t.Helper()
	var mu sync.Mutex
	had := map[string]Asked{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Method + " " + r.URL.Path
		answer, known := answers[key]
		if !known {
			t.Errorf("%s is asked, of which there is no example", key)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			t.Errorf("read the body of %s: %v", key, err)
		}
		mu.Lock()
		had[key] = Asked{Path: r.URL.Path, Query: r.URL.RawQuery, Body: string(body), Header: r.Header.Clone()}
		mu.Unlock()
		if _, err := io.WriteString(w, answer); err != nil {
			t.Errorf("answer %s: %v", key, err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, func(key string) Asked {
		mu.Lock()
		defer mu.Unlock()
		return had[key]
	}
}

// Example is a file of testdata/published with texts changed: pairs of old and new, each of
// which is in it.
func Example(t *testing.T, name string, changes ...string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/published/" + name)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for n := 0; n+1 < len(changes); n += 2 {
		if !strings.Contains(text, changes[n]) {
			t.Fatalf("%q is not in the example %s", changes[n], name)
		}
		text = strings.ReplaceAll(text, changes[n], changes[n+1])
	}
	return text
}
