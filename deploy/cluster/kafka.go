package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ferry/deploy/parts"
)

// broker is which Kafka a cluster runs on.
type broker string

const (
	embeddedBroker broker = "embedded" // the one in `ferry kafka`
	apacheBroker   broker = "apache"   // Apache Kafka, where `make kafka` has fetched its jars
	externalBroker broker = "external" // KAFKA_BROKERS
)

func chooseBroker(getenv func(string) string) (broker, error) {
	if getenv("KAFKA_BROKERS") != "" {
		return externalBroker, nil
	}
	switch kind := broker(getenv("KAFKA")); kind {
	case "":
		return embeddedBroker, nil
	case embeddedBroker, apacheBroker:
		return kind, nil
	default:
		return "", fmt.Errorf("KAFKA must be %s or %s, not %.40q", embeddedBroker, apacheBroker, string(kind))
	}
}

func (c *Cluster) kafka(ctx context.Context) error {
	kind, err := chooseBroker(c.config.Getenv)
	if err != nil {
		return err
	}
	if err := keepBroker(c.config.Root, kind); err != nil {
		return err
	}
	switch kind {
	case externalBroker:
		c.settings.Brokers = strings.Split(c.config.Getenv("KAFKA_BROKERS"), ",")
	case apacheBroker:
		c.progress("starting Apache Kafka")
		kafka, err := parts.StartApacheKafka(ctx, parts.ApacheKafkaConfig{Dir: c.dir.Part("apache-kafka"), LogFile: c.dir.Log("apache-kafka"),
			Programs: filepath.Join(c.config.Bin, "apache-kafka")})
		if err != nil {
			return err
		}
		c.started("apache-kafka", kafka.Process)
		c.settings.Brokers = []string{kafka.Broker()}
	default:
		c.progress("starting Kafka")
		config := parts.KafkaProcessConfig{Dir: c.dir.Part("kafka"), LogFile: c.dir.Log("kafka"),
			Path: filepath.Join(c.config.Bin, "ferry"), Args: []string{"kafka"}}
		kafka, err := parts.StartKafka(ctx, config)
		if err != nil {
			return err
		}
		c.part("kafka", func(ctx context.Context) (*parts.Process, error) {
			again, err := parts.StartKafka(ctx, config)
			if err != nil {
				return nil, err
			}
			return again.Process, nil
		})
		c.started("kafka", kafka.Process)
		c.settings.Brokers = []string{kafka.Broker()}
	}
	return parts.EnsureTopics(ctx, c.settings.Brokers...)
}

// keepBroker refuses a folder whose swaps are in another Kafka: Postgres holds
// offsets into that one, and records of this one at the same offsets are others.
func keepBroker(root string, kind broker) error {
	file := filepath.Join(root, "broker")
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return writeFile(file, []byte(kind+"\n"), 0o644)
	}
	if err != nil {
		return fmt.Errorf("look which Kafka %s is on: %w", root, err)
	}
	if was := broker(strings.TrimSpace(string(raw))); was != kind {
		return fmt.Errorf("the swaps in %s are on the %s Kafka: start it with that one, or start on the %s one in a fresh folder (make clean, or --root)", root, was, kind)
	}
	return nil
}
