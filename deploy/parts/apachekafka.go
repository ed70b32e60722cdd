package parts

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	apacheKafkaReadyLimit  = 4 * time.Minute // its own first timeouts are a minute long on a busy machine
	apacheKafkaFormatLimit = 2 * time.Minute
	// exitSIGTERM is the status of a Java program that SIGTERM has ended in order: 128 and the signal's number.
	exitSIGTERM = 128 + 15
)

// ApacheKafkaConfig says where a broker of Apache Kafka lives.
type ApacheKafkaConfig struct {
	// Programs is the folder that `make kafka` fills: Kafka's jars and log4j2.properties; absolute.
	Programs string
	Dir      string // data, settings, cluster id and ports; absolute
	LogFile  string // absolute
	// Java is the program, absolute; the one on the PATH if empty.
	Java           string
	Port           int // chosen and remembered in Dir if 0
	ControllerPort int // likewise
}

// ApacheKafka is a running broker of Apache Kafka, its own controller (KRaft). Loopback only. What it has acknowledged is on
// disk: it survives SIGKILL.
type ApacheKafka struct {
	*Process
	port int
}

// Broker is the address to give to clients.
func (k *ApacheKafka) Broker() string { return loopback(k.port) }

// StartApacheKafka starts the broker on its old or new data and returns when it answers. It makes no topics; see
// EnsureTopics.
func StartApacheKafka(ctx context.Context, cfg ApacheKafkaConfig) (*ApacheKafka, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	if err := makeFolder(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	pidFile := filepath.Join(cfg.Dir, "kafka.pid")
	if err := waitForPredecessor("Apache Kafka", pidFile, predecessorLimit); err != nil { // it may still hold the ports
		return nil, err
	}
	ports, err := keepPorts(filepath.Join(cfg.Dir, "ports.json"), map[string]int{"kafka": cfg.Port, "controller": cfg.ControllerPort})
	if err != nil {
		return nil, fmt.Errorf("choosing the ports of Apache Kafka: %w", err)
	}
	settings := filepath.Join(cfg.Dir, "server.properties")
	if err := os.WriteFile(settings, apacheKafkaSettings(cfg.Dir, ports), 0o600); err != nil {
		return nil, fmt.Errorf("writing the settings of Apache Kafka: %w", err)
	}
	if err := formatApacheKafka(ctx, cfg, settings); err != nil {
		return nil, fmt.Errorf("formatting the folder of Apache Kafka: %w", err)
	}
	k := &ApacheKafka{port: ports["kafka"]}
	run := cfg.java("Apache Kafka", "kafka.Kafka", settings)
	run.PIDFile = pidFile
	if k.Process, err = StartProcess(run); err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(k.Broker()))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a Kafka client: %w", err), k.Stop(ctx))
	}
	defer client.Close()
	if err := waitReady(ctx, k.Process, apacheKafkaReadyLimit, client.Ping); err != nil {
		return nil, err
	}
	return k, nil
}

// complete fills in what was left out, and says what is wrong.
func (c *ApacheKafkaConfig) complete() error {
	for what, path := range map[string]string{"programs": c.Programs, "data": c.Dir} {
		if !filepath.IsAbs(path) {
			return fmt.Errorf("the folder of Apache Kafka's %s must be absolute, got %q", what, path)
		}
	}
	if _, err := os.Stat(filepath.Join(c.Programs, "log4j2.properties")); err != nil {
		return fmt.Errorf("the jars of Apache Kafka are not there (run: make .ferry/bin/apache-kafka/complete): %w", err)
	}
	if c.Java != "" {
		return nil
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return fmt.Errorf("the program java, 17 or newer, is needed for Apache Kafka (run: deploy/bootstrap.sh kafka): %w", err)
	}
	c.Java, err = filepath.Abs(java)
	return err
}

// java runs a class of Kafka's. Java itself expands the * of a class path.
func (c *ApacheKafkaConfig) java(name string, class ...string) ProcessConfig {
	return ProcessConfig{
		Name: name,
		Path: c.Java,
		Args: append([]string{
			// A broker of one user on a small machine: little memory, quick to start, and dead rather than stuck.
			"-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError",
			"-XX:-UsePerfData", // a file in the temporary folder that a killed process leaves behind
			"-Dlog4j2.configurationFile=" + filepath.Join(c.Programs, "log4j2.properties"),
			"-cp", filepath.Join(c.Programs, "*"),
		}, class...),
		Dir:         c.Dir,
		LogFile:     c.LogFile,
		StopsStatus: exitSIGTERM,
	}
}

// formatApacheKafka makes an empty log under a random cluster id, once. It can be repeated after a crash.
func formatApacheKafka(ctx context.Context, cfg ApacheKafkaConfig, settings string) error {
	done := filepath.Join(cfg.Dir, "formatted")
	if _, err := os.Stat(done); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.RemoveAll(apacheKafkaData(cfg.Dir)); err != nil { // half of a format; nothing was ever written to it
		return err
	}
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return fmt.Errorf("making a cluster id: %w", err)
	}
	// Kafka's ids are UUIDs in base64url; one that begins with '-' would be taken for an option.
	text := "f" + base64.RawURLEncoding.EncodeToString(id)[1:]
	err := runToEnd(ctx, apacheKafkaFormatLimit, cfg.java("Apache Kafka's format", "kafka.tools.StorageTool", "format", "-t", text, "-c", settings))
	if err != nil {
		return err
	}
	return os.WriteFile(done, nil, 0o600)
}
