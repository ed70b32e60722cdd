package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"ferry/swap/crash"
)

// Publisher sends values of which only the newest counts (rates, balances), past
// any outbox: losing one costs nothing, the next replaces it.
type Publisher struct {
	source string
	client *kgo.Client
}

// NewPublisher stamps source on what it sends.
func NewPublisher(source string, brokers []string) (*Publisher, error) {
	client, err := newProducer(brokers)
	if err != nil {
		return nil, err
	}
	return &Publisher{source: source, client: client}, nil
}

// Publish sends value as JSON under key and waits for the broker's word.
func (p *Publisher) Publish(ctx context.Context, topic, key, kind string, value any) error {
	m, err := message(topic, key, kind, value)
	if err != nil {
		return err
	}
	return p.Send(ctx, m)
}

// Send publishes messages as they are, in their order for each key, and waits for
// the broker's word on all of them.
func (p *Publisher) Send(ctx context.Context, messages ...Message) error {
	now := time.Now()
	records := make([]*kgo.Record, len(messages))
	for i, m := range messages {
		records[i] = toKafka(m, p.source, now.UnixMilli(), now)
	}
	crash.Point("latest.publish.before")
	if err := p.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("publish %d messages: %w", len(messages), err)
	}
	crash.Point("latest.publish.after")
	return nil
}

// Close waits for nothing: Publish has waited already.
func (p *Publisher) Close() { p.client.Close() }

// Follow reads a compacted topic from its start and then as it grows, and calls
// each with every record in order, until ctx ends. Every caller sees all
// partitions. Malformed records are logged and passed over.
func Follow(ctx context.Context, brokers []string, topic string, log *slog.Logger, each func(Record)) error {
	return follow(ctx, brokers, topic, kgo.NewOffset().AtStart(), log, each)
}

// Tail is Follow from the topic's end: only what comes from now on. What comes
// while it connects, or while the broker is away, may be missed, so it serves as a
// hint to look at what is stored, and never as the only source.
func Tail(ctx context.Context, brokers []string, topic string, log *slog.Logger, each func(Record)) error {
	return follow(ctx, brokers, topic, kgo.NewOffset().AtEnd(), log, each)
}

func follow(ctx context.Context, brokers []string, topic string, from kgo.Offset, log *slog.Logger, each func(Record)) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(from), kgo.FetchMaxWait(500*time.Millisecond))
	if err != nil {
		return fmt.Errorf("kafka follower of %s: %w", topic, err)
	}
	defer client.Close()
	for ctx.Err() == nil {
		fetches := client.PollRecords(ctx, consumerBatch)
		fetches.EachError(func(_ string, partition int32, err error) {
			if ctx.Err() == nil {
				log.Warn("fetch failed, will try again", "topic", topic, "partition", partition, "error", err)
				wait(ctx, relayRetry, nil)
			}
		})
		fetches.EachRecord(func(r *kgo.Record) {
			record, err := fromKafka(r)
			if err != nil {
				log.Warn("record passed over", "topic", topic, "error", err)
				return
			}
			each(record)
		})
	}
	return nil
}

// Decode reads a record's JSON body; ErrMalformed if it does not fit.
func Decode[T any](r Record) (T, error) {
	var v T
	if err := json.Unmarshal(r.Body, &v); err != nil {
		return v, fmt.Errorf("%s/%d@%d: %w: %w", r.Topic, r.Partition, r.Offset, err, ErrMalformed)
	}
	return v, nil
}
