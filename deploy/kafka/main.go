package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"ferry/deploy/parts"
)

const (
	brokersVariable = "FERRY_TEST_KAFKA_BROKERS"
	stopLimit       = 45 * time.Second
)

// options are the command line.
type options struct {
	root             string
	port, controller int
	command          []string
}

func main() {
	o, err := parse(os.Args[1:])
	if err != nil {
		os.Exit(2) // flag has said why
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status, err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "kafka:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("kafka", flag.ContinueOnError)
	flags.StringVar(&o.root, "root", ".ferry", "folder of its data (apache-kafka), log (log) and jars (bin/apache-kafka)")
	flags.IntVar(&o.port, "port", 0, "port of the broker; a free one, kept, if 0")
	flags.IntVar(&o.controller, "controller-port", 0, "port of its controller; likewise")
	err := flags.Parse(args)
	o.command = flags.Args()
	return o, err
}

func run(ctx context.Context, o options) (status int, err error) {
	root, err := filepath.Abs(o.root)
	if err != nil {
		return 0, fmt.Errorf("finding the folder of Apache Kafka: %w", err)
	}
	cfg := parts.ApacheKafkaConfig{Programs: filepath.Join(root, "bin", "apache-kafka"), Dir: filepath.Join(root, "apache-kafka"),
		LogFile: filepath.Join(root, "log", "apache-kafka.log"), Port: o.port, ControllerPort: o.controller}
	if len(o.command) > 0 {
		if cfg.Dir, err = os.MkdirTemp("", "ferry-apache-kafka-"); err != nil {
			return 0, fmt.Errorf("making a folder for the data: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(cfg.Dir)) }()
	}
	if err := os.MkdirAll(filepath.Dir(cfg.LogFile), 0o755); err != nil {
		return 0, fmt.Errorf("making the folder of the log: %w", err)
	}
	broker, err := parts.StartApacheKafka(ctx, cfg)
	if err != nil {
		return 0, err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
		defer cancel()
		err = errors.Join(err, broker.Stop(stopping))
	}()
	if len(o.command) > 0 {
		return runCommand(ctx, o.command, broker)
	}
	return 0, serve(ctx, cfg, broker)
}

// serve makes Ferry's topics and stays until it is told to stop.
func serve(ctx context.Context, cfg parts.ApacheKafkaConfig, broker *parts.ApacheKafka) error {
	if err := parts.EnsureTopics(ctx, broker.Broker()); err != nil {
		return err
	}
	fmt.Printf("Apache Kafka is up, with Ferry's topics: KAFKA_BROKERS=%s\nits data are in %s, its log is %s; Ctrl-C stops it\n",
		broker.Broker(), cfg.Dir, cfg.LogFile)
	select {
	case <-ctx.Done():
		return nil
	case <-broker.Done():
		return broker.Err()
	}
}

// runCommand runs it in the foreground. Told to stop, it tells the command, and stops the broker after it has ended.
func runCommand(ctx context.Context, command []string, broker *parts.ApacheKafka) (int, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), brokersVariable+"="+broker.Broker())
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopLimit
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil // -1 when a signal ended it
	}
	if err != nil {
		return 0, fmt.Errorf("running %s: %w", command[0], err)
	}
	return 0, nil
}
