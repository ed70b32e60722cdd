package bus_test

import (
	"context"
	"testing"
	"time"

	"ferry/swap/bus"
)

// Setup: a topic with a past. Test: Tail tells what comes while it runs, on every
// partition, and nothing of the past.
func TestTailTellsNoPast(t *testing.T) {
	t.Parallel()
	b := setup(t)
	publisher, err := bus.NewPublisher("test", b.brokers)
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	keys := []string{"a", "b", "c", "d", "e", "f"} // of both partitions
	publish := func(kind string) {
		for _, key := range keys {
			if err := publisher.Publish(ctx, b.facts, key, kind, 0); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}
	}
	publish("past")
	heard := make(chan bus.Record, 1000)
	done := make(chan error, 1)
	go func() {
		done <- bus.Tail(ctx, b.brokers, b.facts, b.log, func(r bus.Record) { heard <- r })
	}()
	// Where it begins is not told, so the present is repeated until it is heard.
	partitions := map[int32]bool{}
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for len(partitions) < 2 {
		select {
		case <-ctx.Done():
			t.Fatal("nothing was heard")
		case <-ticker.C:
			publish("present")
		case r := <-heard:
			if r.Kind != "present" {
				t.Fatalf("heard %+v", r)
			}
			partitions[r.Partition] = true
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
