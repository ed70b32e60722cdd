// Package daemon is what every main shares: settings from the environment, a
// structured log, signals, and a set of parts that run until one fails or the
// process is told to stop.
package daemon

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"ferry/deploy/deployment"
)

// Main runs a daemon and exits: 0 after an orderly stop, 1 with a last line of the
// log that says why otherwise.
func Main(name string, run func(ctx context.Context, s *Settings, log *slog.Logger) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level()})).With("daemon", name)
	err := run(ctx, &Settings{lookup: os.LookupEnv}, log)
	stopped := ctx.Err() != nil
	stop()
	if err != nil && !(stopped && errors.Is(err, context.Canceled)) {
		log.Error("ended", "error", err.Error())
		os.Exit(1)
	}
}

func level() slog.Level {
	if os.Getenv("FERRY_LOG") == "debug" {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// Settings reads environment variables and remembers everything that is missing,
// so that a start names all of it at once.
type Settings struct {
	lookup  func(string) (string, bool)
	missing []string
}

// Need returns a variable that must be set; what is for is said when it is not.
func (s *Settings) Need(name, what string) string {
	v, ok := s.lookup(name)
	if !ok || v == "" {
		s.missing = append(s.missing, fmt.Sprintf("%s (%s)", name, what))
	}
	return v
}

// Or returns a variable or its default.
func (s *Settings) Or(name, otherwise string) string {
	if v, ok := s.lookup(name); ok && v != "" {
		return v
	}
	return otherwise
}

// Err names every variable that Need did not find.
func (s *Settings) Err() error {
	if len(s.missing) == 0 {
		return nil
	}
	return fmt.Errorf("set these in the environment: %s", strings.Join(s.missing, "; "))
}

// Names of settings that several daemons share.
const (
	EnvDeployment  = "FERRY_DEPLOYMENT"
	EnvRun         = "FERRY_RUN"
	EnvDatabaseURL = "DATABASE_URL"
	EnvBrokers     = "KAFKA_BROKERS"
	// EnvInstance names a process within its consumer group (optional): the same
	// after a restart, and never used by two processes at once.
	EnvInstance = "FERRY_INSTANCE"
)

// Deployment loads the file named by FERRY_DEPLOYMENT.
func (s *Settings) Deployment() (deployment.Deployment, error) {
	path := s.Need(EnvDeployment, "path of the deployment's JSON file")
	if err := s.Err(); err != nil {
		return deployment.Deployment{}, err
	}
	return deployment.Load(path)
}

// Brokers are Kafka's addresses, comma-separated in KAFKA_BROKERS.
func (s *Settings) Brokers() []string {
	return strings.Split(s.Need(EnvBrokers, "comma-separated Kafka brokers, for example 127.0.0.1:9092"), ",")
}

// Group runs functions until one returns an error or ctx ends, and waits for all.
func Group(ctx context.Context, parts ...func(context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, part := range parts {
		group.Go(func() error { return part(ctx) })
	}
	return group.Wait()
}

// Wake returns a signal for a relay and the function that gives it, which never blocks.
func Wake() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	return c, func() {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// SigningKey reads an Ed25519 private key from a PEM file (PKCS #8).
func SigningKey(path string) (ed25519.PrivateKey, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the signing key: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM block", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a %T, not an Ed25519 key", path, parsed)
	}
	return key, nil
}
