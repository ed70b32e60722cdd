package parts

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// keepMillis is how long Kafka keeps records of the topics that are not compacted: 30 days, so that a consumer which was
// down for long loses no fact. The outbox and the swap's history in PostgreSQL keep them for ever.
const keepMillis = 30 * 24 * 60 * 60 * 1000

// Topic is one of Ferry's Kafka topics.
type Topic struct {
	Name string
	// Partitions is fixed for the topic's life: keys move to other partitions when it changes, and order is lost.
	Partitions int32
	Compacted  bool // the last record of each key is kept for ever
}

// Topics are all of Ferry's. The keyed streams of a swap have 8 partitions; what is read whole has one.
func Topics() []Topic {
	return []Topic{
		{Name: "ferry.facts", Partitions: 8},
		{Name: "ferry.orders", Partitions: 8},
		{Name: "ferry.requotes", Partitions: 8},
		{Name: "ferry.updates", Partitions: 8},
		{Name: "ferry.rates", Partitions: 1, Compacted: true},
		{Name: "ferry.balances", Partitions: 1, Compacted: true},
		{Name: "ferry.config", Partitions: 1, Compacted: true},
	}
}

func (t Topic) configs() map[string]string {
	if t.Compacted {
		return map[string]string{"cleanup.policy": "compact"}
	}
	return map[string]string{"cleanup.policy": "delete", "retention.ms": strconv.Itoa(keepMillis)}
}

// EnsureTopics makes the topics that do not exist, with the brokers' default replication. It changes none that do, and
// fails if one has another number of partitions or another cleanup policy than Ferry relies on.
func EnsureTopics(ctx context.Context, brokers ...string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		return fmt.Errorf("making a Kafka client: %w", err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	for _, topic := range Topics() {
		if err := ensureTopic(ctx, admin, topic); err != nil {
			return fmt.Errorf("making sure of Kafka topic %s: %w", topic.Name, err)
		}
	}
	return nil
}

func ensureTopic(ctx context.Context, admin *kadm.Client, topic Topic) error {
	configs := make(map[string]*string)
	for name, value := range topic.configs() {
		configs[name] = &value
	}
	_, err := admin.CreateTopic(ctx, topic.Partitions, -1, configs, topic.Name)
	if errors.Is(err, kerr.TopicAlreadyExists) {
		return checkTopic(ctx, admin, topic)
	}
	return err
}

func checkTopic(ctx context.Context, admin *kadm.Client, topic Topic) error {
	details, err := admin.ListTopics(ctx, topic.Name)
	if err != nil {
		return fmt.Errorf("reading its partitions: %w", err)
	}
	if err := details.Error(); err != nil {
		return fmt.Errorf("reading its partitions: %w", err)
	}
	if got := len(details[topic.Name].Partitions); got != int(topic.Partitions) {
		return fmt.Errorf("it has %d partitions where Ferry relies on %d", got, topic.Partitions)
	}
	described, err := admin.DescribeTopicConfigs(ctx, topic.Name)
	if err != nil {
		return fmt.Errorf("reading its settings: %w", err)
	}
	resource, err := described.On(topic.Name, nil)
	if err != nil {
		return fmt.Errorf("reading its settings: %w", err)
	}
	if resource.Err != nil {
		return fmt.Errorf("reading its settings: %w", resource.Err)
	}
	want := topic.configs()["cleanup.policy"]
	for _, setting := range resource.Configs {
		if setting.Key == "cleanup.policy" && setting.MaybeValue() != want {
			return fmt.Errorf("its cleanup.policy is %q where Ferry relies on %q", setting.MaybeValue(), want)
		}
	}
	return nil
}
