package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"ferry/swap"
	"ferry/swap/bus"
)

const (
	// kafkaRecords are sent and read, a round, in requests of kafkaRequest.
	kafkaRecords = 30_000
	kafkaRequest = 1000
	kafkaParts   = 8
)

func init() {
	register(Row{
		Number: 6, Name: "kafka",
		What: fmt.Sprintf("facts in envelopes sent and read, %d a request", kafkaRequest),
		Unit: "records", Goal: 0.7, ByCPU: true, Prepare: prepareKafka(false),
	})
}

func init() {
	register(Row{
		Number: 7, Name: "kafka-json",
		What: "the same, with the facts' JSON written, read and checked",
		Unit: "records", ByCPU: true, Rounds: 3, Prepare: prepareKafka(true),
	})
}

// traffic is a row's messages; codec says whether JSON is part of the measure.
type traffic struct {
	env      *Env
	codec    bool
	facts    []swap.Fact
	messages []bus.Message
	topics   int
}

func prepareKafka(codec bool) func(context.Context, *Env) (*Trial, error) {
	return func(_ context.Context, env *Env) (*Trial, error) {
		t := &traffic{env: env, codec: codec}
		for len(t.facts) < env.scale(kafkaRecords) {
			terms, err := newTerms(time.Now())
			if err != nil {
				return nil, err
			}
			t.facts = append(t.facts, facts(terms)[1:]...) // creation is rare, and five times as long
		}
		for _, f := range t.facts {
			m, err := bus.FactMessage(f)
			if err != nil {
				return nil, err
			}
			t.messages = append(t.messages, m)
		}
		return &Trial{Baseline: Side{Name: "kgo", Run: t.raw}, Subject: Side{Name: "bus", Run: t.bus}}, nil
	}
}

// topic makes a new one, so that each round reads its own records only.
func (t *traffic) topic(ctx context.Context, name string) (string, error) {
	t.topics++
	name = fmt.Sprintf("bench.%s.%t.%d", name, t.codec, t.topics)
	client, err := kgo.NewClient(kgo.SeedBrokers(t.env.Brokers...))
	if err != nil {
		return "", fmt.Errorf("kafka client: %w", err)
	}
	defer client.Close()
	made, err := kadm.NewClient(client).CreateTopic(ctx, kafkaParts, 1, nil, name)
	if err = errors.Join(err, made.Err); err != nil {
		return "", fmt.Errorf("make topic %s: %w", name, err)
	}
	return name, nil
}

// raw sends and reads the same bytes, headers too, with franz-go alone, set up as
// package bus sets it up.
func (t *traffic) raw(ctx context.Context, _ int) (Sample, error) {
	topic, err := t.topic(ctx, "raw")
	if err != nil {
		return Sample{}, err
	}
	records := t.records(topic)
	producer, err := kgo.NewClient(kgo.SeedBrokers(t.env.Brokers...), kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchMaxBytes(4<<20), kgo.MaxBufferedRecords(2*kafkaRequest), kgo.ProducerLinger(0))
	if err != nil {
		return Sample{}, fmt.Errorf("kafka producer: %w", err)
	}
	defer producer.Close()
	consumer, err := kgo.NewClient(kgo.SeedBrokers(t.env.Brokers...), kgo.ConsumerGroup("group "+topic), kgo.ConsumeTopics(topic),
		kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(500*time.Millisecond))
	if err != nil {
		return Sample{}, fmt.Errorf("kafka consumer: %w", err)
	}
	defer consumer.Close()
	return t.env.timed(ctx, len(records), func(ctx context.Context) error {
		for from := 0; from < len(records); from += kafkaRequest {
			if err := producer.ProduceSync(ctx, records[from:min(from+kafkaRequest, len(records))]...).FirstErr(); err != nil {
				return fmt.Errorf("produce: %w", err)
			}
		}
		for read := 0; read < len(records); {
			fetches := consumer.PollRecords(ctx, 512)
			if err := fetches.Err(); err != nil {
				return fmt.Errorf("consume: %w", err)
			}
			read += fetches.NumRecords()
		}
		return nil
	})
}

// records are the messages as the bus would send them.
func (t *traffic) records(topic string) []*kgo.Record {
	now := time.Now().UTC()
	at, number := now.Format(time.RFC3339Nano), fmt.Sprint(now.UnixMilli())
	header := func(k, v string) kgo.RecordHeader { return kgo.RecordHeader{Key: k, Value: []byte(v)} }
	records := make([]*kgo.Record, len(t.messages))
	for i, m := range t.messages {
		records[i] = &kgo.Record{Topic: topic, Key: []byte(m.Key), Value: m.Body, Headers: []kgo.RecordHeader{
			header("ce_specversion", "1.0"), header("ce_id", "bench/"+number), header("ce_source", "/ferry/bench"),
			header("ce_type", "ferry."+m.Kind+".v1"), header("ce_subject", m.Key), header("ce_time", at),
			header("ce_sequence", number), header("content-type", "application/json")}}
	}
	return records
}

// bus sends and reads with package bus.
func (t *traffic) bus(ctx context.Context, _ int) (Sample, error) {
	topic, err := t.topic(ctx, "bus")
	if err != nil {
		return Sample{}, err
	}
	publisher, err := bus.NewPublisher("bench", t.env.Brokers)
	if err != nil {
		return Sample{}, err
	}
	defer publisher.Close()
	return t.env.timed(ctx, len(t.messages), func(ctx context.Context) error {
		for from := 0; from < len(t.messages); from += kafkaRequest {
			messages, err := t.request(topic, from, min(from+kafkaRequest, len(t.messages)))
			if err != nil {
				return err
			}
			if err := publisher.Send(ctx, messages...); err != nil {
				return err
			}
		}
		return t.consume(ctx, topic)
	})
}

// request is a part of the messages, encoded now if that is measured.
func (t *traffic) request(topic string, from, to int) ([]bus.Message, error) {
	messages := make([]bus.Message, 0, to-from)
	for i := from; i < to; i++ {
		m := t.messages[i]
		if t.codec {
			var err error
			if m, err = bus.FactMessage(t.facts[i]); err != nil {
				return nil, err
			}
		}
		m.Topic = topic
		messages = append(messages, m)
	}
	return messages, nil
}

// consume runs a consumer until all records were handled.
func (t *traffic) consume(ctx context.Context, topic string) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	var mu sync.Mutex
	var failed error
	read := 0
	consumer, err := bus.NewConsumer(bus.ConsumerConfig{Group: "group " + topic, Brokers: t.env.Brokers, Topics: []string{topic}, Log: t.env.Log,
		Load: func(context.Context, string, int32) (int64, error) { return 0, nil },
		Handle: func(_ context.Context, b bus.Batch) error {
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(append(b.Malformed, failed, t.decode(b.Records))...)
			read += len(b.Records)
			if read >= len(t.messages) || failed != nil {
				cancel()
			}
			return nil
		}})
	if err != nil {
		return err
	}
	if err := errors.Join(consumer.Run(ctx), failed); err != nil {
		return err
	}
	if read != len(t.messages) {
		return fmt.Errorf("%d of %d records were read", read, len(t.messages))
	}
	return nil
}

func (t *traffic) decode(records []bus.Record) error {
	if !t.codec {
		return nil
	}
	for _, r := range records {
		if _, err := r.Fact(); err != nil {
			return err
		}
	}
	return nil
}
