package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"ferry/deploy/parts"
)

const (
	// insertEach is how many rows each client inserts, a round.
	insertEach = 1000
	// insertSQL is the least a durable transition could be: one short row, one
	// commit, one round trip.
	insertSQL   = `INSERT INTO committed (body) VALUES (repeat('x', 200))`
	createTable = `CREATE TABLE committed (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL)`
)

// insertAndCommit is pgbench with one row an INSERT and one INSERT a transaction;
// where the PostgreSQL at hand has no pgbench, pgx does the same.
func insertAndCommit(ctx context.Context, env *Env, clients int) (Side, error) {
	schema, err := env.schema(ctx, "swap") // its own namespace; the tables are not used
	if err != nil {
		return Side{}, err
	}
	conn, err := pgx.Connect(ctx, env.url())
	if err != nil {
		return Side{}, fmt.Errorf("connect: %w", err)
	}
	_, err = conn.Exec(ctx, strings.Replace(createTable, "committed", schema+".committed", 1))
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		return Side{}, fmt.Errorf("make the baseline's table: %w", err)
	}
	dir, err := parts.FindPostgres(ctx, "")
	if err != nil {
		return Side{}, err
	}
	program := filepath.Join(dir, "pgbench")
	if _, err := os.Stat(program); errors.Is(err, fs.ErrNotExist) {
		return insertWithPgx(env, schema, clients), nil
	}
	script := filepath.Join(env.Dir, schema+".pgbench")
	sql := strings.Replace(insertSQL, "committed", schema+".committed", 1)
	if err := os.WriteFile(script, []byte(sql+";\n"), 0o600); err != nil {
		return Side{}, fmt.Errorf("write pgbench's script: %w", err)
	}
	return Side{Name: "pgbench INSERT, commit", Run: func(ctx context.Context, _ int) (Sample, error) {
		return pgbench(ctx, env, program, script, clients)
	}}, nil
}

// pgbench times itself: connecting is not what is measured.
func pgbench(ctx context.Context, env *Env, program, script string, clients int) (Sample, error) {
	n := env.scale(insertEach)
	var out []byte
	s, err := env.timed(ctx, clients*n, func(ctx context.Context) (err error) {
		cmd := exec.CommandContext(ctx, program, "-n", "-M", "prepared", "-f", script, "-c", strconv.Itoa(clients), "-j", "2",
			"-t", strconv.Itoa(n), env.url())
		out, err = cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("pgbench: %w: %.500s", err, out)
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	tps, err := parsePgbench(out)
	if err != nil {
		return s, err
	}
	s.Seconds = float64(s.Operations) / tps
	return s, nil
}

var tpsLine = regexp.MustCompile(`(?m)^tps = ([0-9.]+) \(without initial connection time\)$`)

// parsePgbench reads the rate that pgbench reports.
func parsePgbench(out []byte) (float64, error) {
	m := tpsLine.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("no rate in what pgbench said: %.500s", out)
	}
	tps, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil || tps <= 0 {
		return 0, fmt.Errorf("pgbench's rate %.40s: %w", m[1], err)
	}
	return tps, nil
}

func insertWithPgx(env *Env, schema string, clients int) Side {
	return Side{Name: "pgx INSERT, commit", Run: func(ctx context.Context, _ int) (Sample, error) {
		pool, err := env.pool(ctx, schema, "baseline", clients, nil)
		if err != nil {
			return Sample{}, err
		}
		defer pool.Close()
		n := clients * env.scale(insertEach)
		return env.timed(ctx, n, func(ctx context.Context) error {
			return inParallel(ctx, clients, n, func(ctx context.Context, _ int) error {
				_, err := pool.Exec(ctx, insertSQL)
				return err
			})
		})
	}}
}
