package bus

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Partitions are handled as many at a time as is asked for, each once, and each goes
// on where its own batch ended.
func TestPartitionsAtOnce(t *testing.T) {
	t.Parallel()
	for _, atOnce := range []int{0, 1, 3} {
		want := int32(max(atOnce, 1))
		var fetched kgo.FetchTopic
		for p := range want {
			fetched.Topic = TopicFacts
			fetched.Partitions = append(fetched.Partitions, kgo.FetchPartition{Partition: p,
				Records: []*kgo.Record{{Topic: TopicFacts, Partition: p, Offset: int64(10 * p)}}})
		}
		var inside atomic.Int32
		all := make(chan struct{})
		c, err := NewConsumer(ConsumerConfig{Group: "g", Topics: []string{TopicFacts}, Brokers: []string{"-"}, AtOnce: atOnce,
			Log:  slog.New(slog.DiscardHandler),
			Load: func(context.Context, string, int32) (int64, error) { return 0, nil },
			Handle: func(ctx context.Context, _ Batch) error {
				if inside.Add(1) == want {
					close(all)
				}
				select {
				case <-all:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if failed := c.handle(ctx, kgo.Fetches{{Topics: []kgo.FetchTopic{fetched}}}); failed || ctx.Err() != nil || inside.Load() != want {
			t.Errorf("%d at once: failed %t, %d handled, %v", atOnce, failed, inside.Load(), ctx.Err())
		}
		for p := range want {
			if next := c.next[topicPartition{TopicFacts, p}]; next != int64(10*p)+1 {
				t.Errorf("partition %d goes on at %d", p, next)
			}
		}
	}
}
