package bus_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/swap/bus"
)

func (b bundle) put(t *testing.T, keys ...string) {
	t.Helper()
	for i, key := range keys {
		m := bus.Message{Topic: b.facts, Key: key, Kind: "test", Body: fmt.Appendf(nil, `{"n":%d}`, i)}
		if err := bus.Put(t.Context(), b.pool, m); err != nil {
			t.Fatal(err)
		}
	}
}

func (b bundle) relay(ctx context.Context, t *testing.T) {
	t.Helper()
	relay, err := bus.NewRelay(bus.RelayConfig{Source: "test", Brokers: b.brokers, Pool: b.pool, Log: b.log})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- relay.Run(ctx) }()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// consume runs a consumer until want records were handled without error.
func (b bundle) consume(t *testing.T, want int, handle func(context.Context, bus.Batch) error) {
	t.Helper()
	b.consumeAs(t, "", want, handle)
}

func (b bundle) consumeAs(t *testing.T, instance string, want int, handle func(context.Context, bus.Batch) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	seen := 0
	consumer, err := bus.NewConsumer(bus.ConsumerConfig{
		Group: b.group, Instance: instance, Brokers: b.brokers, Topics: []string{b.facts}, Log: b.log,
		Load: func(ctx context.Context, topic string, partition int32) (int64, error) {
			return bus.LoadOffset(ctx, b.pool, b.group, topic, partition)
		},
		Handle: func(ctx context.Context, batch bus.Batch) error {
			if err := handle(ctx, batch); err != nil {
				return err
			}
			seen += len(batch.Records)
			if seen >= want {
				cancel()
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := consumer.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if seen < want {
		t.Fatalf("handled %d records, want %d", seen, want)
	}
}

// What was put arrives once per row, in order for each key, numbered from 1
// without a gap over all keys.
func TestRelayOrderAndNumbers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b.relay(ctx, t)
	b.put(t, "a", "b", "a", "c", "b", "a")
	var mu sync.Mutex
	last, seqs := map[string]int64{}, map[int64]bool{}
	b.consume(t, 6, func(_ context.Context, batch bus.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range batch.Records {
			if r.Source != "test" || r.Kind != "test" {
				t.Errorf("record is from %q of kind %q", r.Source, r.Kind)
			}
			if r.Seq <= last[r.Key] {
				t.Errorf("key %s: %d after %d", r.Key, r.Seq, last[r.Key])
			}
			last[r.Key], seqs[r.Seq] = r.Seq, true
		}
		return nil
	})
	for n := int64(1); n <= 6; n++ {
		if !seqs[n] {
			t.Errorf("number %d is missing", n)
		}
	}
}

// A row of a transaction that began first but commits last is not skipped.
func TestRelayWaitsForRunningTransactions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	slow, err := b.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Rollback(t.Context()) // a test that fails half-way must not hold its schema
	m := bus.Message{Topic: b.facts, Key: "a", Kind: "slow", Body: []byte(`{}`)}
	if err := bus.Put(t.Context(), slow, m); err != nil {
		t.Fatal(err)
	}
	b.put(t, "a")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b.relay(ctx, t)
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	b.consume(t, 2, func(_ context.Context, batch bus.Batch) error {
		for _, r := range batch.Records {
			kinds = append(kinds, r.Kind)
		}
		return nil
	})
	if kinds[0] != "slow" || kinds[1] != "test" {
		t.Errorf("order is %v, want slow then test", kinds)
	}
}

// A relay that died between sending and marking sends the same rows again under
// the same numbers.
func TestRelayRepeatsUnderTheSameNumbers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, "a", "a")
	ctx, cancel := context.WithCancel(t.Context())
	b.relay(ctx, t)
	b.consume(t, 2, func(context.Context, bus.Batch) error { return nil })
	cancel()
	if _, err := b.pool.Exec(t.Context(), "UPDATE relay_cursor SET xid = '0', id = 0, seq = 0"); err != nil {
		t.Fatal(err)
	}
	again, cancelAgain := context.WithCancel(t.Context())
	defer cancelAgain()
	b.relay(again, t)
	count := map[int64]int{}
	b.consume(t, 4, func(_ context.Context, batch bus.Batch) error {
		for _, r := range batch.Records {
			count[r.Seq]++
		}
		return nil
	})
	if count[1] != 2 || count[2] != 2 {
		t.Errorf("numbers seen: %v, want 1 and 2 twice each", count)
	}
}

// A batch that fails is read again from the stored offset, and one that succeeds
// is not: the effect is there once.
func TestConsumerRepeatsFailedBatches(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b.relay(ctx, t)
	b.put(t, "a", "a", "a")
	failures := 2
	var effects []int64
	handle := func(ctx context.Context, batch bus.Batch) error {
		return pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
			if err := bus.AdvanceOffset(ctx, tx, b.group, batch); err != nil {
				return err
			}
			if failures > 0 {
				failures--
				return errors.New("planned")
			}
			for _, r := range batch.Records {
				effects = append(effects, r.Seq)
			}
			return nil
		})
	}
	b.consume(t, 3, handle)
	b.put(t, "a")
	b.consume(t, 1, handle)
	if len(effects) != 4 {
		t.Errorf("effects %v, want each of 4 once", effects)
	}
	for i, seq := range effects {
		if seq != int64(i+1) {
			t.Errorf("effects %v are not in order", effects)
		}
	}
}

// The compare-and-set fires: a consumer that has lost its partition changes nothing.
func TestAdvanceOffsetGuard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	batch := bus.Batch{Topic: bus.TopicFacts, Partition: 1, From: 0, Next: 5}
	if err := bus.AdvanceOffset(t.Context(), b.pool, "g", batch); err != nil {
		t.Fatal(err)
	}
	for _, from := range []int64{0, 3, 6} {
		stale := bus.Batch{Topic: bus.TopicFacts, Partition: 1, From: from, Next: 9}
		if err := bus.AdvanceOffset(t.Context(), b.pool, "g", stale); !errors.Is(err, bus.ErrOffsetMoved) {
			t.Errorf("from %d: %v, want ErrOffsetMoved", from, err)
		}
	}
	next, err := bus.LoadOffset(t.Context(), b.pool, "g", bus.TopicFacts, 1)
	if err != nil || next != 5 {
		t.Errorf("offset is %d (%v), want 5", next, err)
	}
}

// Several partitions move together or not at all, new ones and known ones.
func TestQueueAdvanceGuard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	advance := func(batches ...bus.Batch) error {
		pipeline := &pgx.Batch{}
		bus.QueueAdvance(pipeline, "g", batches...)
		return b.pool.SendBatch(t.Context(), pipeline).Close()
	}
	batch := func(partition int32, from, next int64) bus.Batch {
		return bus.Batch{Topic: bus.TopicFacts, Partition: partition, From: from, Next: next}
	}
	for _, c := range []struct {
		name    string
		batches []bus.Batch
		fires   bool
		want    [3]int64
	}{
		{"two new", []bus.Batch{batch(0, 0, 5), batch(1, 0, 6)}, false, [3]int64{5, 6, 0}},
		{"two known", []bus.Batch{batch(0, 5, 7), batch(1, 6, 8)}, false, [3]int64{7, 8, 0}},
		{"known and new", []bus.Batch{batch(0, 7, 9), batch(2, 0, 1), batch(1, 8, 9)}, false, [3]int64{9, 9, 1}},
		{"one has moved", []bus.Batch{batch(0, 9, 10), batch(1, 8, 10)}, true, [3]int64{9, 9, 1}},
		{"one is not new", []bus.Batch{batch(0, 9, 10), batch(1, 9, 10), batch(2, 0, 2)}, true, [3]int64{9, 9, 1}},
		{"one is unknown", []bus.Batch{batch(0, 9, 10), batch(3, 4, 5)}, true, [3]int64{9, 9, 1}},
		{"alone and moved", []bus.Batch{batch(0, 8, 10)}, true, [3]int64{9, 9, 1}},
	} {
		if err := advance(c.batches...); (err != nil) != c.fires {
			t.Errorf("%s: %v", c.name, err)
		}
		for partition, want := range c.want {
			if next, err := bus.LoadOffset(t.Context(), b.pool, "g", bus.TopicFacts, int32(partition)); err != nil || next != want {
				t.Errorf("%s: partition %d is at %d, %v; want %d", c.name, partition, next, err, want)
			}
		}
	}
}

// Only newest values travel past the outbox, and a follower sees them from the start.
func TestPublishAndFollow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, err := bus.NewPublisher("test", b.brokers)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Publish(t.Context(), b.rates, "BTC-ETH", bus.KindRate, map[string]string{"price": "1"}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var got string
	err = bus.Follow(ctx, b.brokers, b.rates, b.log, func(r bus.Record) {
		v, err := bus.Decode[map[string]string](r)
		if err != nil {
			t.Error(err)
		}
		got = v["price"]
		cancel()
	})
	if err != nil || got != "1" {
		t.Errorf("followed %q, %v", got, err)
	}
}

// A member that is gone without leaving has its partitions back at once under the
// same name, although its session would last longer than this test waits.
func TestStaticMemberComesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b.relay(ctx, t)
	for range 3 {
		b.put(t, "a", "b", "c")
		b.consumeAs(t, "only", 3, func(ctx context.Context, batch bus.Batch) error {
			return bus.AdvanceOffset(ctx, b.pool, b.group, batch)
		})
	}
}

// A consumer that could never work is refused when it is made.
func TestNewConsumerRefuses(t *testing.T) {
	t.Parallel()
	if _, err := bus.NewConsumer(bus.ConsumerConfig{Group: "g"}); err == nil {
		t.Error("a consumer without topics, brokers and functions was made")
	}
}
