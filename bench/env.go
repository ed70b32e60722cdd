package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/deploy/parts"
	"ferry/migrations"
	"ferry/statemachine/postgres"
)

const (
	database = "ferry_bench"
	// wholeRounds is how often each row runs; a quick run has one round.
	wholeRounds = 5
	// quickPart is the share of a whole run's operations that a quick one does.
	quickPart = 10
)

// Env is what rows run on: a PostgreSQL and a Kafka that nobody else uses.
type Env struct {
	Quick bool
	// Brokers are Kafka's, with Ferry's topics.
	Brokers []string
	// Dir is for files that live as long as the run.
	Dir string
	// Out is for files to keep.
	Out string
	Log *slog.Logger

	postgres    *parts.Postgres
	kafka       *parts.KafkaProcess
	dir         *parts.Dir
	postgresPID int
	kafkaPID    int
	version     string
	schemas     int
}

// open starts the parts in root, which must not hold anything else; out is for what
// is kept.
func open(ctx context.Context, root, out string, quick bool) (e *Env, err error) {
	e = &Env{Quick: quick, Out: out, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, fmt.Errorf("make the reports' folder: %w", err)
	}
	if e.dir, err = parts.OpenDir(root); err != nil {
		return nil, err
	}
	e.Dir = e.dir.Part("files")
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close(context.WithoutCancel(ctx)))
		}
	}()
	for _, part := range []string{e.Dir, e.dir.Part("kafka"), e.dir.Part("pg")} { // of a run that was killed
		if err := os.RemoveAll(part); err != nil {
			return nil, fmt.Errorf("remove the last run's data: %w", err)
		}
	}
	if err := os.MkdirAll(e.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the run's folder: %w", err)
	}
	if err := e.startPostgres(ctx); err != nil {
		return nil, err
	}
	return e, e.startKafka(ctx)
}

func (e *Env) startPostgres(ctx context.Context) error {
	if err := os.RemoveAll(parts.Elsewhere(e.dir.Part("pg"))); err != nil {
		return fmt.Errorf("remove the last run's database: %w", err)
	}
	p, err := parts.StartPostgres(ctx, parts.PostgresConfig{Dir: e.dir.Part("pg"), LogFile: e.dir.Log("postgres")})
	if err != nil {
		return err
	}
	e.postgres, e.postgresPID = p, p.PID()
	if err := p.CreateDatabase(ctx, database); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, e.url())
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	var fsync, commit string
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')`).
		Scan(&e.version, &fsync, &commit)
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("ask PostgreSQL for its settings: %w", err)
	}
	if fsync != "on" || commit != "on" {
		return fmt.Errorf("PostgreSQL does not wait for the disk (fsync %s, synchronous_commit %s): its figures would mean nothing", fsync, commit)
	}
	return nil
}

// startKafka runs this program again as the broker.
func (e *Env) startKafka(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	k, err := parts.StartKafka(ctx, parts.KafkaProcessConfig{Dir: e.dir.Part("kafka"), LogFile: e.dir.Log("kafka"),
		Path: self, Args: []string{kafkaCommand}})
	if err != nil {
		return err
	}
	e.kafka, e.kafkaPID, e.Brokers = k, k.PID(), []string{k.Broker()}
	return parts.EnsureTopics(ctx, k.Broker())
}

// close stops the parts and removes all they have written but their logs.
func (e *Env) close(ctx context.Context) error {
	var errs []error
	if e.kafka != nil {
		errs = append(errs, e.kafka.Stop(ctx))
	}
	if e.postgres != nil {
		errs = append(errs, e.postgres.Stop(ctx), os.RemoveAll(filepath.Dir(e.postgres.DataDir())))
	}
	errs = append(errs, os.RemoveAll(e.dir.Part("kafka")), os.RemoveAll(e.Dir), e.dir.Close())
	return errors.Join(errs...)
}

func (e *Env) url() string { return e.postgres.URL(parts.Superuser, database) }

// rounds is how often a row runs.
func (e *Env) rounds(r Row) int {
	switch {
	case e.Quick:
		return 1
	case r.Rounds != 0:
		return r.Rounds
	}
	return wholeRounds
}

// scale is n operations of a whole run, or what a quick one does instead.
func (e *Env) scale(n int) int {
	if e.Quick {
		return max(n/quickPart, 1)
	}
	return n
}

// schema makes a service's tables under a name of their own.
func (e *Env) schema(ctx context.Context, service string) (string, error) {
	e.schemas++
	name := fmt.Sprintf("bench_%s_%d", service, e.schemas)
	return name, migrations.Apply(ctx, e.url(), service, name)
}

// pool connects to a schema. Part is the connections' application_name, by which
// the CPU time of their processes is told apart; settings are those the daemon
// gives to its own.
func (e *Env) pool(ctx context.Context, schema, part string, connections int, settings map[string]string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(e.url())
	if err != nil {
		return nil, fmt.Errorf("database url: %w", err)
	}
	config.ConnConfig.RuntimeParams["search_path"] = schema
	config.ConnConfig.RuntimeParams["application_name"] = part
	maps.Copy(config.ConnConfig.RuntimeParams, settings)
	config.MaxConns, config.MinConns = int32(connections), int32(connections)
	config.MaxConnLifetime, config.MaxConnIdleTime = time.Hour, time.Hour
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", schema, err)
	}
	return pool, nil
}

// swapPool is a fresh schema of swapd's with a pool as swapd has it.
func (e *Env) swapPool(ctx context.Context, connections int) (*pgxpool.Pool, error) {
	schema, err := e.schema(ctx, "swap")
	if err != nil {
		return nil, err
	}
	return e.pool(ctx, schema, "swapd", connections, postgres.Settings())
}

// connect is one connection to a schema of swapd's, as it has them.
func (e *Env) connect(ctx context.Context, schema string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(e.url())
	if err != nil {
		return nil, fmt.Errorf("database url: %w", err)
	}
	config.RuntimeParams["search_path"] = schema
	maps.Copy(config.RuntimeParams, postgres.Settings())
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", schema, err)
	}
	return conn, nil
}
