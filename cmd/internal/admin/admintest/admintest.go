// Package admintest reads metrics as Prometheus would, for tests only.
package admintest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are values by their text, such as `ferry_swaps{state="held"}`.
type Metrics map[string]float64

// Scrape reads everything a registry has.
func Scrape(t *testing.T, from *prometheus.Registry) Metrics {
	t.Helper()
	var failed errorLog
	handler := promhttp.HandlerFor(from, promhttp.HandlerOpts{ErrorLog: &failed})
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	if answer.Code != http.StatusOK || failed.err != nil {
		t.Fatalf("scrape: status %d, %v", answer.Code, failed.err)
	}
	found := Metrics{}
	for line := range strings.Lines(answer.Body.String()) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(strings.TrimSpace(line[at+1:]), 64)
		if err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		found[line[:at]] = value
	}
	return found
}

// Want fails unless each metric named is there with its value.
func (m Metrics) Want(t *testing.T, want Metrics) {
	t.Helper()
	for name, value := range want {
		if got, there := m[name]; !there {
			t.Errorf("%s is missing", name)
		} else if got != value {
			t.Errorf("%s is %v, want %v", name, got, value)
		}
	}
}

// AtLeast fails unless the metric is there with that value or a greater one: ages
// grow while a test runs.
func (m Metrics) AtLeast(t *testing.T, name string, least float64) {
	t.Helper()
	if got, there := m[name]; !there || got < least {
		t.Errorf("%s is %v (there: %t), want at least %v", name, got, there, least)
	}
}

// Lack fails if a metric of that name, with any labels, is there.
func (m Metrics) Lack(t *testing.T, name string) {
	t.Helper()
	for found := range m {
		if found == name || strings.HasPrefix(found, name+"{") {
			t.Errorf("%s is there", found)
		}
	}
}

type errorLog struct{ err error }

// Println implements promhttp.Logger.
func (l *errorLog) Println(v ...any) {
	for _, one := range v {
		if err, ok := one.(error); ok {
			l.err = errors.Join(l.err, err)
		}
	}
}
