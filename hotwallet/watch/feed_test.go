package watch_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"ferry/hotwallet/watch"
)

// A node that answers and stands still, then one that does not answer: one alarm
// for each standstill, told by the tip alone.
func TestStaleFeed(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		var seconds atomic.Int64
		wake := make(chan struct{})
		watcher, err := watch.New(watch.Config{Reader: w.chain, Store: w.store, Set: w.set, Poll: time.Hour, ReorgLimit: needed,
			Wake: wake, StaleAfter: 30 * time.Second, Log: slog.New(slog.DiscardHandler),
			Now: func() time.Time { return time.Unix(1_800_000_000+seconds.Load(), 0) }})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(w.ctx)
		ended := make(chan error, 1)
		go func() { ended <- watcher.Run(ctx) }()
		// A wake is taken only after the look before it has ended.
		look := func(after int64, alarms string) {
			t.Helper()
			seconds.Add(after)
			wake <- struct{}{}
			wake <- struct{}{}
			if got := w.text(`SELECT count(*)::text FROM staff_action WHERE action = $1`, watch.AlarmStale); got != alarms {
				t.Fatalf("after %d s more: %s alarms, want %s", after, got, alarms)
			}
		}
		look(0, "0")
		look(29, "0")
		look(1, "1")
		look(100, "1")
		w.chain.Mine(1)
		look(1, "1")
		look(29, "1")
		w.chain.SetAway(true)
		look(1, "2")
		w.chain.SetAway(false)
		if w.halted() != "" {
			t.Fatalf("halted: %s", w.halted())
		}
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	})
}
