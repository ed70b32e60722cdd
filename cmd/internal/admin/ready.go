package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// probeLimit bounds one probe; all run side by side.
const probeLimit = 2 * time.Second

// Check is how one dependency answered.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Reason says why it is not; "" otherwise.
	Reason string `json:"reason,omitempty"`
	// Millis is how long the answer took.
	Millis int64 `json:"took_ms"`
}

// Readiness is the body of /readyz: with status 200 if ready, else 503.
type Readiness struct {
	Ready  bool    `json:"ready"`
	Checks []Check `json:"checks"`
}

// startCheck is the name of the check that Started passes.
const startCheck = "start"

var errStarting = errors.New("still starting")

// health holds the probes. It is a collector: each scrape probes.
type health struct {
	mu      sync.Mutex
	probes  map[string]func(context.Context) error
	started bool
}

func newHealth() *health { return &health{probes: map[string]func(context.Context) error{}} }

func (h *health) add(name string, probe func(context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.probes[name] = probe
}

func (h *health) start() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.started = true
}

// check runs every probe at once and sorts the answers by name.
func (h *health) check(ctx context.Context) Readiness {
	h.mu.Lock()
	started := h.started
	answers := make(chan Check, len(h.probes))
	for name, probe := range h.probes {
		go func() { answers <- ask(ctx, name, probe) }()
	}
	count := len(h.probes)
	h.mu.Unlock()
	start := Check{Name: startCheck, OK: started}
	if !started {
		start.Reason = errStarting.Error()
	}
	r := Readiness{Ready: started, Checks: []Check{start}}
	for range count {
		c := <-answers
		r.Ready = r.Ready && c.OK
		r.Checks = append(r.Checks, c)
	}
	slices.SortFunc(r.Checks, func(a, b Check) int { return cmp.Compare(a.Name, b.Name) })
	return r
}

// ask runs one probe within probeLimit, also one that does not heed its context.
func ask(ctx context.Context, name string, probe func(context.Context) error) Check {
	ctx, cancel := context.WithTimeoutCause(ctx, probeLimit, fmt.Errorf("no answer within %s", probeLimit))
	defer cancel()
	began := time.Now()
	done := make(chan error, 1)
	go func() { done <- probe(ctx) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	c := Check{Name: name, OK: err == nil, Millis: time.Since(began).Milliseconds()}
	if err != nil {
		c.Reason = err.Error()
	}
	return c
}

func (h *health) serve(w http.ResponseWriter, r *http.Request) {
	readiness := h.check(r.Context())
	status := http.StatusOK
	if !readiness.Ready {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, readiness)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		panic("admin: texts, numbers and truth values always encode: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that has gone away is no error of ours.
	_, _ = w.Write(append(body, '\n'))
}

var dependencyUp = prometheus.NewDesc("ferry_dependency_up", "1 where what the daemon depends on answers, 0 where not.", []string{"dependency"}, nil)

// Describe implements prometheus.Collector.
func (h *health) Describe(to chan<- *prometheus.Desc) { to <- dependencyUp }

// Collect implements prometheus.Collector.
func (h *health) Collect(to chan<- prometheus.Metric) {
	for _, c := range h.check(context.Background()).Checks {
		to <- prometheus.MustNewConstMetric(dependencyUp, prometheus.GaugeValue, truth(c.OK), c.Name)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
