package flow_test

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kfake"

	"ferry/cmd/internal/admin/admintest"
	"ferry/cmd/internal/admin/flow"
	"ferry/migrations/pgtest"
	"ferry/swap/bus"
)

func TestOutbox(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "swap")
	empty := prometheus.NewRegistry()
	flow.Outbox(empty, pool, "swap")
	admintest.Scrape(t, empty).Want(t, admintest.Metrics{`ferry_outbox_rows{source="swap"}`: 0,
		`ferry_outbox_oldest_age_seconds{source="swap"}`: 0, `ferry_scrape_ok{part="outbox"}`: 1})

	for age := range 3 {
		_, err := pool.Exec(t.Context(), `INSERT INTO outbox (topic, key, kind, body, created_at)
			VALUES ('ferry.facts', 'k', 'test', '{}', now() - make_interval(secs => $1))`, 100*(3-age))
		if err != nil {
			t.Fatal(err)
		}
	}
	// What the cursor has passed is published.
	if _, err := pool.Exec(t.Context(), `UPDATE relay_cursor SET (xid, id, seq) = (SELECT xid, id, 1 FROM outbox ORDER BY xid, id LIMIT 1)`); err != nil {
		t.Fatal(err)
	}
	waiting := prometheus.NewRegistry()
	flow.Outbox(waiting, pool, "swap")
	m := admintest.Scrape(t, waiting)
	m.Want(t, admintest.Metrics{`ferry_outbox_rows{source="swap"}`: 2})
	m.AtLeast(t, `ferry_outbox_oldest_age_seconds{source="swap"}`, 200)
	if age := m[`ferry_outbox_oldest_age_seconds{source="swap"}`]; age >= 300 {
		t.Errorf("the published row counts: %v", age)
	}
}

func TestConsumerLag(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "swap")
	kafka, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, bus.TopicFacts))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kafka.Close)
	publisher, err := bus.NewPublisher("test", kafka.ListenAddrs())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(publisher.Close)
	// One key is in one partition: which, the partitioner decides.
	for n := range 5 {
		if err := publisher.Publish(t.Context(), bus.TopicFacts, "key", "test", n); err != nil {
			t.Fatal(err)
		}
	}
	probe, err := bus.NewProbe(kafka.ListenAddrs())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(probe.Close)
	lag := func() admintest.Metrics {
		registry := prometheus.NewRegistry()
		flow.Consumer(registry, pool, probe, "g", bus.TopicFacts)
		return admintest.Scrape(t, registry)
	}
	name := func(partition int) string {
		return fmt.Sprintf(`ferry_consumer_lag_records{group="g",partition="%d",topic="ferry.facts"}`, partition)
	}
	before := lag()
	full := 0
	if before[name(1)] != 0 {
		full = 1
	}
	before.Want(t, admintest.Metrics{name(full): 5, name(1 - full): 0, `ferry_scrape_ok{part="consumer"}`: 1})
	_, err = pool.Exec(t.Context(), `INSERT INTO consumer_offset VALUES ('g', 'ferry.facts', $1, 3), ('another', 'ferry.facts', $1, 5)`, full)
	if err != nil {
		t.Fatal(err)
	}
	lag().Want(t, admintest.Metrics{name(full): 2, name(1 - full): 0})

	kafka.Close()
	gone := lag()
	gone.Want(t, admintest.Metrics{`ferry_scrape_ok{part="consumer"}`: 0})
	gone.Lack(t, "ferry_consumer_lag_records")
}
