package parts

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"ferry/deploy/parts/partstest"
)

// apacheKafkaPrograms is what `make test-kafka` fetches; `make test` does without.
func apacheKafkaPrograms(t *testing.T) string {
	t.Helper()
	programs := filepath.Join(filepath.Dir(partstest.Program(t, "btcd")), "apache-kafka")
	if !exists(filepath.Join(programs, "complete")) {
		t.Skip("SKIPPED without Apache Kafka's jars: nothing is tried on the real broker; run `make test-kafka`")
	}
	return programs
}

// apacheKafkaLimit is longer than testLimit: a Java program starts three times.
const apacheKafkaLimit = 6 * time.Minute

func startApacheKafka(t *testing.T, programs, dir string) *ApacheKafka {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), apacheKafkaLimit)
	t.Cleanup(cancel)
	k, err := StartApacheKafka(ctx, ApacheKafkaConfig{Programs: programs, Dir: dir, LogFile: filepath.Join(filepath.Dir(dir), "kafka.log")})
	must(t, err)
	t.Cleanup(func() { must(t, k.Kill()) })
	return k
}

// As TestKafkaKeepsRecords, on the real one: records, topics and a group's offsets stay through a stop and a kill, on the
// same port, or on others, the controller's too, where the old ones are taken.
func TestApacheKafkaKeepsRecords(t *testing.T) {
	t.Parallel()
	programs, dir := apacheKafkaPrograms(t), filepath.Join(t.TempDir(), "kafka")
	k := startApacheKafka(t, programs, dir)
	broker := k.Broker()
	must(t, EnsureTopics(testContext(t), broker))
	produce(t, broker, "first")
	must(t, k.Stop(testContext(t)))

	k = startApacheKafka(t, programs, dir)
	if k.Broker() != broker {
		t.Errorf("the broker moved from %s to %s", broker, k.Broker())
	}
	must(t, EnsureTopics(testContext(t), broker))
	details, err := kadm.NewClient(kafkaClient(t, broker)).ListTopics(testContext(t))
	must(t, err)
	for _, topic := range Topics() {
		if got := len(details[topic.Name].Partitions); got != int(topic.Partitions) {
			t.Errorf("%s has %d partitions, want %d", topic.Name, got, topic.Partitions)
		}
	}
	produce(t, broker, "second")
	if got := strings.Join(consume(t, broker, 2), ","); got != "first,second" {
		t.Fatalf("records after a stop: %s", got)
	}
	produce(t, broker, "third")
	must(t, k.Kill())
	must(t, os.Remove(filepath.Join(dir, "ports.json")))

	k = startApacheKafka(t, programs, dir)
	if got := strings.Join(consume(t, k.Broker(), 1), ","); got != "third" {
		t.Fatalf("the group's records after a kill, on %s instead of %s: %s", k.Broker(), broker, got)
	}
	must(t, k.Stop(testContext(t)))
}

func TestApacheKafkaTellsWhyItCannotStart(t *testing.T) {
	t.Parallel()
	programs, dir := t.TempDir(), t.TempDir()
	log := filepath.Join(t.TempDir(), "log")
	for want, cfg := range map[string]ApacheKafkaConfig{
		"data must be absolute":     {Programs: programs, Dir: "relative", LogFile: log},
		"programs must be absolute": {Programs: "relative", Dir: dir, LogFile: log},
		"make .ferry/bin/":          {Programs: filepath.Join(programs, "none"), Dir: dir, LogFile: log},
	} {
		if _, err := StartApacheKafka(testContext(t), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	must(t, os.WriteFile(filepath.Join(programs, "log4j2.properties"), nil, 0o600))
	_, err := StartApacheKafka(testContext(t), ApacheKafkaConfig{Programs: programs, Dir: dir, LogFile: log, Java: "/bin/false"})
	if err == nil || !strings.Contains(err.Error(), "Apache Kafka's format stopped with exit status 1") {
		t.Errorf("a java that fails: %v", err)
	}
	if exists(filepath.Join(dir, "formatted")) {
		t.Error("a folder whose format failed is taken for formatted")
	}
}
