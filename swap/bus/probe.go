package bus

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Probe looks at Kafka from beside relays and consumers: whether it answers, and
// how far consumers are behind. It reads and changes nothing.
type Probe struct{ client *kgo.Client }

// NewProbe connects lazily.
func NewProbe(brokers []string) (*Probe, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.RetryTimeout(produceTimeout))
	if err != nil {
		return nil, fmt.Errorf("kafka probe: %w", err)
	}
	return &Probe{client: client}, nil
}

// Close ends the probe's connections.
func (p *Probe) Close() { p.client.Close() }

// Ping reports whether any broker answers before ctx ends.
func (p *Probe) Ping(ctx context.Context) error {
	if err := p.client.Ping(ctx); err != nil {
		return fmt.Errorf("no broker answers: %w", err)
	}
	return nil
}

// Lag is how far a consumer is behind on one partition.
type Lag struct {
	Topic     string
	Partition int32
	// Next is the stored offset, or the partition's first where none is stored; End
	// is the one the next record will get.
	Next, End int64
}

// Records are still to be handled.
func (l Lag) Records() int64 { return max(l.End-l.Next, 0) }

// Rows is a pool, connection or transaction of pgx that reads.
type Rows interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Lags compares the consumer's stored offsets with the ends of its topics, for
// every partition there is.
func (p *Probe) Lags(ctx context.Context, db Rows, consumer string, topics ...string) ([]Lag, error) {
	stored, err := storedOffsets(ctx, db, consumer)
	if err != nil {
		return nil, err
	}
	admin := kadm.NewClient(p.client)
	starts, err := admin.ListStartOffsets(ctx, topics...)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("ask where topics start: %w", err)
	}
	ends, err := admin.ListEndOffsets(ctx, topics...)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("ask where topics end: %w", err)
	}
	var lags []Lag
	ends.Each(func(end kadm.ListedOffset) {
		next := stored[topicPartition{end.Topic, end.Partition}]
		if start, known := starts.Lookup(end.Topic, end.Partition); known {
			next = max(next, start.Offset)
		}
		lags = append(lags, Lag{Topic: end.Topic, Partition: end.Partition, Next: next, End: end.Offset})
	})
	return lags, nil
}

func storedOffsets(ctx context.Context, db Rows, consumer string) (map[topicPartition]int64, error) {
	rows, err := db.Query(ctx, "SELECT topic, partition, next_offset FROM consumer_offset WHERE consumer = $1", consumer)
	if err != nil {
		return nil, fmt.Errorf("read the offsets of %s: %w", consumer, err)
	}
	stored := map[topicPartition]int64{}
	var at topicPartition
	var next int64
	if _, err := pgx.ForEachRow(rows, []any{&at.topic, &at.partition, &next}, func() error {
		stored[at] = next
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read the offsets of %s: %w", consumer, err)
	}
	return stored, nil
}

// BacklogMost is how far a backlog is counted.
const BacklogMost = 10_000

// Backlog is what an outbox holds beyond what its relay has published.
type Backlog struct {
	// Rows are counted up to BacklogMost.
	Rows int64
	// Oldest is the age of the first of them, 0 without any.
	Oldest time.Duration
}

// OutboxBacklog looks at the outbox of the connection's schema.
func OutboxBacklog(ctx context.Context, db Querier) (Backlog, error) {
	var b Backlog
	var seconds float64
	if err := db.QueryRow(ctx, outboxBacklogSQL, BacklogMost).Scan(&b.Rows, &seconds); err != nil {
		return b, fmt.Errorf("count what the outbox holds: %w", err)
	}
	b.Oldest = time.Duration(seconds * float64(time.Second))
	return b, nil
}
