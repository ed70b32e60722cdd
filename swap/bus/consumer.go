package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"ferry/swap/crash"
)

// Batch is consecutive records of one partition.
type Batch struct {
	Topic     string
	Partition int32
	// From is the stored offset this batch was read from, Next the one after its
	// last record: what AdvanceOffset compares and sets.
	From, Next int64
	Records    []Record
	// Malformed are records in between that are not ours, with the reason. They
	// can never be applied; the handler accounts for them and moves on.
	Malformed []error
}

// ConsumerConfig is what a consumer needs.
type ConsumerConfig struct {
	// Group names the consumer: partitions are shared among its members, and its
	// offsets are stored under this name.
	Group string
	// Instance, if not empty, is this member's name within the group, the same
	// after a restart and never used by two processes at once (static membership,
	// KIP-345): a process that was killed has its partitions back as soon as it
	// is up, instead of waiting for its own dead member to be given up.
	Instance string
	Brokers  []string
	Topics   []string
	// Load returns the stored offset of a partition, 0 where there is none.
	Load func(ctx context.Context, topic string, partition int32) (int64, error)
	// Handle applies a batch and advances the offset in one transaction. After an
	// error the partition is read again from the stored offset, with a pause.
	Handle func(ctx context.Context, b Batch) error
	// AtOnce, if more than 1, is for how many partitions Handle is called at a
	// time; it must be fit for that.
	AtOnce int
	// Dial, if not nil, connects to a broker instead of the network: a simulation's
	// broker is in the same process.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Log  *slog.Logger
}

// Limits of a consumer.
const (
	consumerBatch     = 512
	consumerRetryMost = 5 * time.Second
	// rebalanceTimeout is how long a group waits for a member that does not join
	// again (60 s unless told otherwise). It is more than a batch takes; a member
	// that is slower is given up, and its batch fails at the offset's guard and is
	// read again.
	rebalanceTimeout = 2 * sessionTimeout
)

// Consumer is one member of a group.
type Consumer struct {
	config ConsumerConfig
	client *kgo.Client

	mu sync.Mutex
	// next is where each partition's following batch starts: the stored offset.
	next map[topicPartition]int64
}

type topicPartition struct {
	topic     string
	partition int32
}

// NewConsumer only keeps the configuration: Run joins the group, so that a process
// which dies while it starts leaves no member behind.
func NewConsumer(c ConsumerConfig) (*Consumer, error) {
	if c.Group == "" || len(c.Topics) == 0 || len(c.Brokers) == 0 || c.Load == nil || c.Handle == nil || c.Log == nil {
		return nil, errors.New("kafka consumer: a group, topics, brokers, a log or a function is missing")
	}
	return &Consumer{config: c, next: map[topicPartition]int64{}}, nil
}

// join makes the client, which begins to join the group at once.
func (c *Consumer) join() error {
	options := []kgo.Opt{
		kgo.SeedBrokers(c.config.Brokers...), kgo.ConsumerGroup(c.config.Group), kgo.ConsumeTopics(c.config.Topics...),
		kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(), kgo.SessionTimeout(sessionTimeout),
		kgo.RebalanceTimeout(rebalanceTimeout), kgo.HeartbeatInterval(sessionTimeout / 5), kgo.FetchMaxWait(500 * time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.AdjustFetchOffsetsFn(c.startAt)}
	if c.config.Instance != "" {
		options = append(options, kgo.InstanceID(c.config.Instance))
	}
	if c.config.Dial != nil {
		options = append(options, kgo.Dialer(c.config.Dial))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return fmt.Errorf("kafka consumer %s: %w", c.config.Group, err)
	}
	c.client = client
	return nil
}

// startAt replaces Kafka's idea of where to start by the stored offsets.
func (c *Consumer) startAt(ctx context.Context, assigned map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	for topic, partitions := range assigned {
		for partition := range partitions {
			stored, err := c.config.Load(ctx, topic, partition)
			if err != nil {
				return nil, err
			}
			c.setNext(topic, partition, stored)
			partitions[partition] = startOffset(stored)
		}
	}
	return assigned, nil
}

func startOffset(stored int64) kgo.Offset {
	if stored == 0 {
		return kgo.NewOffset().AtStart()
	}
	return kgo.NewOffset().At(stored)
}

// Run consumes until ctx ends.
func (c *Consumer) Run(ctx context.Context) error {
	if err := c.join(); err != nil {
		return err
	}
	defer c.client.CloseAllowingRebalance()
	pause := 50 * time.Millisecond
	for ctx.Err() == nil {
		fetches := c.client.PollRecords(ctx, consumerBatch)
		failed := c.handle(ctx, fetches)
		c.client.AllowRebalance()
		if ctx.Err() != nil {
			break
		}
		if !failed {
			pause = 50 * time.Millisecond
			continue
		}
		wait(ctx, pause, nil)
		pause = min(2*pause, consumerRetryMost)
	}
	return nil
}

// handle applies each partition's records; it reports whether any failed.
func (c *Consumer) handle(ctx context.Context, fetches kgo.Fetches) (failed bool) {
	fetches.EachError(func(topic string, partition int32, err error) {
		if errors.Is(err, context.Canceled) {
			return
		}
		failed = true
		c.config.Log.Warn("fetch failed, will try again", "group", c.config.Group, "topic", topic, "partition", partition, "error", err)
	})
	var group errgroup.Group
	group.SetLimit(max(c.config.AtOnce, 1))
	var mu sync.Mutex
	var again []Batch
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if len(p.Records) == 0 {
			return
		}
		group.Go(func() error {
			if b, ok := c.handleOne(ctx, p); !ok {
				mu.Lock()
				defer mu.Unlock()
				again = append(again, b)
			}
			return nil // one partition's failure is no reason to stop the others
		})
	})
	_ = group.Wait() // never an error
	for _, b := range again {
		c.rewind(ctx, b)
	}
	return failed || len(again) > 0
}

// handleOne applies what was fetched of one partition. It is not ok where the
// partition must be read again; the reason is logged.
func (c *Consumer) handleOne(ctx context.Context, p kgo.FetchTopicPartition) (b Batch, ok bool) {
	if ctx.Err() != nil {
		return Batch{}, true
	}
	b = c.batch(p.Topic, p.Partition, p.Records)
	crash.Point("consumer.handle.before")
	err := c.config.Handle(ctx, b)
	if err == nil {
		crash.Point("consumer.handle.after")
		c.setNext(b.Topic, b.Partition, b.Next)
		return b, true
	}
	if ctx.Err() != nil {
		return b, true
	}
	c.config.Log.Warn("batch failed, will read it again", "group", c.config.Group,
		"topic", b.Topic, "partition", b.Partition, "from", b.From, "records", len(b.Records), "error", err)
	return b, false
}

func (c *Consumer) batch(topic string, partition int32, records []*kgo.Record) Batch {
	b := Batch{Topic: topic, Partition: partition, Next: records[len(records)-1].Offset + 1}
	c.mu.Lock()
	b.From = c.next[topicPartition{topic, partition}]
	c.mu.Unlock()
	for _, r := range records {
		record, err := fromKafka(r)
		if err != nil {
			b.Malformed = append(b.Malformed, err)
			continue
		}
		b.Records = append(b.Records, record)
	}
	return b
}

// rewind makes the next poll start at the stored offset again. Where even that
// can't be read, the pause and the next failure lead back here.
func (c *Consumer) rewind(ctx context.Context, b Batch) {
	stored, err := c.config.Load(ctx, b.Topic, b.Partition)
	if err != nil {
		stored = b.From
		c.config.Log.Warn("stored offset can't be read", "group", c.config.Group, "error", err)
	}
	c.setNext(b.Topic, b.Partition, stored)
	c.client.SetOffsets(map[string]map[int32]kgo.EpochOffset{
		b.Topic: {b.Partition: {Epoch: -1, Offset: stored}}})
}

func (c *Consumer) setNext(topic string, partition int32, next int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next[topicPartition{topic, partition}] = next
}
