package parts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// kafkaReadyLimit covers loading a long-lived demo's segments.
const kafkaReadyLimit = time.Minute

// KafkaConfig says where the embedded broker keeps its data and listens.
type KafkaConfig struct {
	Dir  string // absolute; data in Dir/data
	Port int    // on 127.0.0.1; not 0
}

func (c KafkaConfig) validate() error {
	if !filepath.IsAbs(c.Dir) {
		return fmt.Errorf("the folder of Kafka must be absolute, got %q", c.Dir)
	}
	if c.Port < 1 || c.Port > 65535 {
		return fmt.Errorf("the port of Kafka must be from 1 to 65535, got %d", c.Port)
	}
	return nil
}

// RunKafka is the embedded broker: it runs in this process until ctx ends, and then stores its state and returns nil. Every
// record acknowledged, and every committed offset, is on disk and survives SIGKILL. It fails at once if another process
// has the folder: kfake itself would open it silently and spoil it.
func RunKafka(ctx context.Context, cfg KafkaConfig) (err error) {
	if err := cfg.validate(); err != nil {
		return err
	}
	if err := makeFolder(cfg.Dir, 0o700); err != nil {
		return err
	}
	lock, err := takeLock(filepath.Join(cfg.Dir, "broker.lock"))
	if held := (heldError{}); errors.As(err, &held) {
		return fmt.Errorf("another Kafka uses the folder %s (%w)", cfg.Dir, held)
	}
	if err != nil {
		return fmt.Errorf("taking the folder of Kafka: %w", err)
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	cluster, err := kfake.NewCluster(
		kfake.Ports(cfg.Port),
		kfake.ClusterID("ferry"),
		kfake.DataDir(filepath.Join(cfg.Dir, "data")),
		kfake.SyncWrites(),
		kfake.BrokerConfigs(map[string]string{"group.min.session.timeout.ms": "500"}),
		kfake.WithLogger(kafkaLogger{}),
	)
	if err != nil {
		return fmt.Errorf("starting Kafka on %s: %w", loopback(cfg.Port), err)
	}
	<-ctx.Done()
	cluster.Close()
	return nil
}

// kafkaLogger passes what kfake has to say to slog; below its warnings there is a line for every request.
type kafkaLogger struct{}

func (kafkaLogger) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError:
		slog.Error("kafka", "message", fmt.Sprintf(format, args...))
	case kfake.LogLevelWarn:
		slog.Warn("kafka", "message", fmt.Sprintf(format, args...))
	case kfake.LogLevelNone, kfake.LogLevelInfo, kfake.LogLevelDebug:
	}
}

// KafkaProcessConfig says how to run the embedded broker as a child.
type KafkaProcessConfig struct {
	Dir     string // absolute
	Port    int    // chosen and remembered in Dir if 0
	LogFile string // absolute
	// Path and Args run a program that parses `--dir DIR --port PORT`, which are added, and calls RunKafka with them.
	Path string
	Args []string
}

// KafkaProcess is the embedded broker as a running child.
type KafkaProcess struct {
	*Process
	port int
}

// StartKafka starts the broker and returns when it answers. It makes no topics; see EnsureTopics.
func StartKafka(ctx context.Context, cfg KafkaProcessConfig) (*KafkaProcess, error) {
	if !filepath.IsAbs(cfg.Dir) {
		return nil, fmt.Errorf("the folder of Kafka must be absolute, got %q", cfg.Dir)
	}
	if err := makeFolder(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	pidFile := filepath.Join(cfg.Dir, "kafka.pid")
	if err := waitForPredecessor("Kafka", pidFile, predecessorLimit); err != nil { // it may still hold the port
		return nil, err
	}
	ports, err := keepPorts(filepath.Join(cfg.Dir, "ports.json"), map[string]int{"kafka": cfg.Port})
	if err != nil {
		return nil, fmt.Errorf("choosing the port of Kafka: %w", err)
	}
	args := append([]string{}, cfg.Args...)
	process, err := StartProcess(ProcessConfig{
		Name:    "Kafka",
		Path:    cfg.Path,
		Args:    append(args, "--dir", cfg.Dir, "--port", strconv.Itoa(ports["kafka"])),
		LogFile: cfg.LogFile,
		PIDFile: pidFile,
	})
	if err != nil {
		return nil, err
	}
	k := &KafkaProcess{Process: process, port: ports["kafka"]}
	client, err := kgo.NewClient(kgo.SeedBrokers(k.Broker()))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a Kafka client: %w", err), k.Stop(ctx))
	}
	defer client.Close()
	if err := waitReady(ctx, process, kafkaReadyLimit, client.Ping); err != nil {
		return nil, err
	}
	return k, nil
}

// Broker is the address to give to clients.
func (k *KafkaProcess) Broker() string { return loopback(k.port) }
