package bus_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"ferry/migrations/pgtest"
	"ferry/swap/bus"
)

// bundle is a service's schema and a Kafka, or topics of a real one, of the
// test's own.
type bundle struct {
	pool                *pgxpool.Pool
	brokers             []string
	facts, rates, group string
	log                 *slog.Logger
}

// setup takes an embedded Kafka for each test, or, where FERRY_TEST_KAFKA_BROKERS
// names brokers, topics and a group of names nobody else has.
func setup(t *testing.T) bundle {
	t.Helper()
	b := bundle{pool: pgtest.New(t, "swap"), facts: bus.TopicFacts, rates: bus.TopicRates, group: "g", log: slog.New(slog.DiscardHandler)}
	if named := os.Getenv("FERRY_TEST_KAFKA_BROKERS"); named != "" {
		own := ".test-" + rand.Text() // after the name: the outbox takes topics of ferry.* only
		b.brokers, b.facts, b.rates, b.group = strings.Split(named, ","), b.facts+own, b.rates+own, b.group+own
		b.makeTopics(t)
		return b
	}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, b.facts), kfake.SeedTopics(1, b.rates))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	b.brokers = cluster.ListenAddrs()
	return b
}

func (b bundle) makeTopics(t *testing.T) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.brokers...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	admin := kadm.NewClient(client)
	compact := "compact"
	for _, topic := range []struct {
		name       string
		partitions int32
		configs    map[string]*string
	}{{b.facts, 2, nil}, {b.rates, 1, map[string]*string{"cleanup.policy": &compact}}} {
		if _, err := admin.CreateTopic(t.Context(), topic.partitions, -1, topic.configs, topic.name); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if _, err := admin.DeleteTopics(ctx, b.facts, b.rates); err != nil {
			t.Error(err)
		}
	})
}
