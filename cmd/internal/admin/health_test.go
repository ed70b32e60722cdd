package admin

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A probe that never answers costs its limit and no more, and holds up no other.
func TestProbesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHealth()
		h.start()
		forever := make(chan struct{})
		h.add("deaf", func(context.Context) error { <-forever; return nil })
		h.add("patient", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		h.add("broken", func(context.Context) error { return errors.New("it is broken") })
		h.add("fine", func(context.Context) error { return nil })
		began := time.Now()
		r := h.check(t.Context())
		if took := time.Since(began); took != probeLimit {
			t.Errorf("it took %s, want %s", took, probeLimit)
		}
		var said []string
		for _, c := range r.Checks {
			said = append(said, c.Name+"="+c.Reason)
		}
		got := strings.Join(said, ", ")
		for _, want := range []string{"broken=it is broken, deaf=no answer within 2s, fine=,", "start="} {
			if r.Ready || !strings.Contains(got, want) {
				t.Errorf("ready %t: %s; want %s", r.Ready, got, want)
			}
		}
		close(forever)
		synctest.Wait()
	})
}

// Several scrapes within a few seconds make one reading; later ones a new one.
func TestReadingsAreKeptAWhile(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	readings := 0
	gauge := Gauge("test_things", "Things.")
	r := NewReading("test", func(context.Context) ([]Sample, error) {
		readings++
		return []Sample{{Gauge: gauge, Value: float64(readings)}}, nil
	}, gauge)
	r.now = func() time.Time { return now }
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {scrapeKeep - 1, 1}, {1, 2}, {scrapeKeep, 3}} {
		now = now.Add(step.after)
		collect(r)
		if readings != step.want {
			t.Errorf("after another %s: %d readings, want %d", step.after, readings, step.want)
		}
	}
}

// Postgres that does not answer is given up in time.
func TestReadingIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := NewReading("slow", func(ctx context.Context) ([]Sample, error) { <-ctx.Done(); return nil, ctx.Err() })
		began := time.Now()
		collect(r)
		if took := time.Since(began); took != ScrapeLimit {
			t.Errorf("it took %s, want %s", took, ScrapeLimit)
		}
		if !r.failed {
			t.Error("it is said to be read")
		}
	})
}

func collect(r *Reading) int {
	metrics := make(chan prometheus.Metric, 10)
	r.Collect(metrics)
	return len(metrics)
}
