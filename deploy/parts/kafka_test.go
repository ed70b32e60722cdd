package parts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func startKafka(t *testing.T, dir string) *KafkaProcess {
	t.Helper()
	k, err := StartKafka(testContext(t), KafkaProcessConfig{
		Dir: dir, LogFile: filepath.Join(filepath.Dir(dir), "kafka.log"), Path: executable(t), Args: []string{"kafka"},
	})
	must(t, err)
	t.Cleanup(func() { must(t, k.Kill()) })
	return k
}

func executable(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	must(t, err)
	return path
}

func kafkaClient(t *testing.T, broker string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append(opts, kgo.SeedBrokers(broker))...)
	must(t, err)
	t.Cleanup(client.Close)
	return client
}

func produce(t *testing.T, broker string, value string) {
	t.Helper()
	record := &kgo.Record{Topic: "ferry.facts", Key: []byte("swap"), Value: []byte(value)}
	must(t, kafkaClient(t, broker).ProduceSync(testContext(t), record).FirstErr())
}

// consume reads as a group and commits, so that a later call answers only what came since.
func consume(t *testing.T, broker string, want int) []string {
	t.Helper()
	client := kafkaClient(t, broker, kgo.ConsumerGroup("test"), kgo.ConsumeTopics("ferry.facts"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())
	var values []string
	for len(values) < want {
		fetches := client.PollFetches(testContext(t))
		must(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
	}
	must(t, client.CommitUncommittedOffsets(testContext(t)))
	client.Close() // leaves the group, so that the next one need not wait for this one's session to end
	return values
}

// Start, write, stop, start, write, kill -9, start, read: records, topics and a group's offsets stay, on the same port.
func TestKafkaKeepsRecords(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "kafka")
	k := startKafka(t, dir)
	broker := k.Broker()
	must(t, EnsureTopics(testContext(t), broker))
	produce(t, broker, "first")
	must(t, k.Stop(testContext(t)))

	k = startKafka(t, dir)
	if k.Broker() != broker {
		t.Errorf("the broker moved from %s to %s", broker, k.Broker())
	}
	must(t, EnsureTopics(testContext(t), broker))
	produce(t, broker, "second")
	if got := strings.Join(consume(t, broker, 2), ","); got != "first,second" {
		t.Fatalf("records after a stop: %s", got)
	}
	produce(t, broker, "third")
	must(t, k.Kill())

	k = startKafka(t, dir)
	if got := strings.Join(consume(t, broker, 1), ","); got != "third" {
		t.Fatalf("the group's records after a kill: %s", got)
	}
	must(t, k.Stop(testContext(t)))
}

func TestKafkaFolderHasOneBroker(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "kafka")
	k := startKafka(t, dir)
	ports, err := keepPorts(filepath.Join(t.TempDir(), "ports.json"), map[string]int{"other": 0})
	must(t, err)
	err = RunKafka(testContext(t), KafkaConfig{Dir: dir, Port: ports["other"]})
	if err == nil || !strings.Contains(err.Error(), "another Kafka uses the folder "+dir) {
		t.Fatalf("a second broker in the folder: %v", err)
	}
	must(t, k.Stop(testContext(t)))
}

func TestKafkaTellsWhyItCannotStart(t *testing.T) {
	t.Parallel()
	_, err := StartKafka(testContext(t), KafkaProcessConfig{
		Dir: filepath.Join(t.TempDir(), "kafka"), LogFile: filepath.Join(t.TempDir(), "log"), Path: executable(t), Args: []string{"kafka", "--bogus"},
	})
	if err == nil || !strings.Contains(err.Error(), "Kafka stopped with exit status 1") || !strings.Contains(err.Error(), "-bogus") {
		t.Fatalf("got %v", err)
	}
	for _, cfg := range []KafkaConfig{{Dir: "relative", Port: 1}, {Dir: "/x"}, {Dir: "/x", Port: 65536}} {
		if err := RunKafka(testContext(t), cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

func TestEnsureTopicsRefusesOthersOfTheName(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		topic, policy, want string
		partitions          int32
	}{
		"partitions": {topic: "ferry.orders", policy: "delete", partitions: 3, want: "ferry.orders: it has 3 partitions where Ferry relies on 8"},
		"policy":     {topic: "ferry.rates", policy: "delete", partitions: 1, want: `ferry.rates: its cleanup.policy is "delete" where Ferry relies on "compact"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := startKafka(t, filepath.Join(t.TempDir(), "kafka"))
			admin := kadm.NewClient(kafkaClient(t, k.Broker()))
			_, err := admin.CreateTopic(testContext(t), test.partitions, -1, map[string]*string{"cleanup.policy": &test.policy}, test.topic)
			must(t, err)
			if err := EnsureTopics(testContext(t), k.Broker()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			must(t, k.Stop(testContext(t)))
		})
	}
}

func TestTopics(t *testing.T) {
	t.Parallel()
	k := startKafka(t, filepath.Join(t.TempDir(), "kafka"))
	must(t, EnsureTopics(testContext(t), k.Broker()))
	details, err := kadm.NewClient(kafkaClient(t, k.Broker())).ListTopics(testContext(t))
	must(t, err)
	want := map[string]int{"ferry.facts": 8, "ferry.orders": 8, "ferry.requotes": 8, "ferry.updates": 8, "ferry.rates": 1, "ferry.balances": 1, "ferry.config": 1}
	if len(details) != len(want) {
		t.Errorf("%d topics, want %d", len(details), len(want))
	}
	for name, partitions := range want {
		if got := len(details[name].Partitions); got != partitions {
			t.Errorf("%s has %d partitions, want %d", name, got, partitions)
		}
	}
	must(t, k.Stop(testContext(t)))
}
