package parts

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"
)

func startPostgres(t *testing.T, dir string) *Postgres {
	t.Helper()
	p, err := StartPostgres(testContext(t), PostgresConfig{Dir: dir, LogFile: filepath.Join(filepath.Dir(dir), "postgres.log")})
	must(t, err)
	t.Cleanup(func() { must(t, p.Kill()) })
	return p
}

func ask(t *testing.T, p *Postgres, database, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(testContext(t), p.URL(Superuser, database))
	must(t, err)
	defer func() { must(t, conn.Close(testContext(t))) }()
	rows, err := conn.Query(testContext(t), sql)
	must(t, err)
	values, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	return strings.Join(values, ",")
}

// Start, write, stop, start, read, kill -9, start, read: acknowledged rows stay.
func TestPostgresKeepsRows(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openTempDir(t), "pg")
	p := startPostgres(t, dir)
	if p.Notice() != "" {
		t.Fatalf("the data were moved: %s", p.Notice())
	}
	must(t, p.CreateDatabase(testContext(t), `odd "name`))
	must(t, p.CreateDatabase(testContext(t), `odd "name`))
	ask(t, p, `odd "name`, `CREATE TABLE kept (word text)`)
	ask(t, p, `odd "name`, `INSERT INTO kept VALUES ('first')`)
	if got := ask(t, p, "postgres", `SELECT setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'listen_addresses', 'max_connections') ORDER BY name`); got != "on,,200,on" {
		t.Errorf("fsync, listen_addresses, max_connections, synchronous_commit = %s", got)
	}
	// A client that stays connected must not hold up the stop.
	idle, err := pgx.Connect(testContext(t), p.URL(Superuser, "postgres"))
	must(t, err)
	must(t, p.Stop(testContext(t)))
	_ = idle.Close(testContext(t)) // the server has gone

	p = startPostgres(t, dir)
	ask(t, p, `odd "name`, `INSERT INTO kept VALUES ('second')`)
	must(t, p.Kill())

	p = startPostgres(t, dir)
	if got := ask(t, p, `odd "name`, `SELECT word FROM kept ORDER BY word`); got != "first,second" {
		t.Fatalf("rows after stop and kill: %q", got)
	}
	must(t, p.Stop(testContext(t)))
}

// The memory of a killed server is still attached for a moment, and the next one waits until it is not.
func TestPostgresOutlastsTheChildrenOfAKilledOne(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openTempDir(t), "pg")
	p := startPostgres(t, dir)
	text, err := os.ReadFile(filepath.Join(p.DataDir(), "postmaster.pid"))
	must(t, err)
	var key, id int
	_, err = fmt.Sscan(strings.Split(string(text), "\n")[6], &key, &id)
	must(t, err)
	memory, err := unix.SysvShmAttach(id, 0, unix.SHM_RDONLY)
	must(t, err)
	must(t, p.Kill())
	released := make(chan error, 1)
	go func() {
		err := waitForText(t.Context(), filepath.Join(filepath.Dir(dir), "postgres.log"), memoryInUse)
		released <- errors.Join(err, unix.SysvShmDetach(memory))
	}()
	p = startPostgres(t, dir)
	must(t, <-released)
	must(t, p.Stop(testContext(t)))
}

// waitForText returns when the file holds the text.
func waitForText(ctx context.Context, path, text string) error {
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for {
		if log, err := os.ReadFile(path); err == nil && strings.Contains(string(log), text) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-poll.C:
		}
	}
}

func TestPostgresTellsWhyItCannotStart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openTempDir(t), "pg")
	p := startPostgres(t, dir)
	must(t, p.Stop(testContext(t)))
	must(t, os.WriteFile(filepath.Join(p.DataDir(), "postgresql.conf"), []byte("no_such_setting = 1\n"), 0o600))
	_, err := StartPostgres(testContext(t), PostgresConfig{Dir: dir, LogFile: filepath.Join(filepath.Dir(dir), "postgres.log")})
	if err == nil || !strings.Contains(err.Error(), "PostgreSQL stopped with exit status 1") || !strings.Contains(err.Error(), "no_such_setting") {
		t.Fatalf("got %v", err)
	}
}

func TestPostgresGoesElsewhere(t *testing.T) {
	t.Parallel()
	closed := t.TempDir() // the folder above it is open to its owner alone
	long := filepath.Join(openTempDir(t), strings.Repeat("long", 25))
	for name, parent := range map[string]string{"a folder above is closed": closed, "the socket's path is too long": long} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(parent, "pg")
			if parent == closed && os.Geteuid() != 0 {
				t.Skip("PostgreSQL runs as another user only when the supervisor is root")
			}
			must(t, os.MkdirAll(parent, 0o755))
			p := startPostgres(t, dir)
			t.Cleanup(func() { must(t, errors.Join(p.Kill(), os.RemoveAll(Elsewhere(dir)))) })
			if p.DataDir() != filepath.Join(Elsewhere(dir), "data") || !strings.Contains(p.Notice(), Elsewhere(dir)) {
				t.Fatalf("data in %s, notice %q", p.DataDir(), p.Notice())
			}
			ask(t, p, "postgres", `CREATE TABLE kept (word text)`)
			must(t, p.Stop(testContext(t)))
			p = startPostgres(t, dir)
			ask(t, p, "postgres", `SELECT word FROM kept`)
			must(t, p.Stop(testContext(t)))
		})
	}
}

func TestElsewhereMustBelongToTheCluster(t *testing.T) {
	t.Parallel()
	root := openTempDir(t)
	open := filepath.Join(root, "open")
	must(t, os.Mkdir(open, 0o755))
	link := filepath.Join(root, "link")
	must(t, os.Symlink(t.TempDir(), link))
	for _, planted := range []string{open, link} {
		if err := makePrivate(planted, nil); err == nil || !strings.Contains(err.Error(), "is not a private folder") {
			t.Errorf("%s: %v", planted, err)
		}
	}
	foreign := filepath.Join(root, "foreign")
	must(t, os.Mkdir(foreign, 0o700))
	if err := makePrivate(foreign, &User{Name: "another", UID: 54321}); err == nil {
		t.Error("a folder of another user was taken")
	}
}

func TestFindPostgres(t *testing.T) {
	t.Parallel()
	if _, err := FindPostgres(testContext(t), t.TempDir()); err == nil || !strings.Contains(err.Error(), "apt-get install --no-install-recommends postgresql") {
		t.Errorf("without programs: %v", err)
	}
	old := t.TempDir()
	for _, name := range []string{"initdb", "postgres"} {
		must(t, os.WriteFile(filepath.Join(old, name), []byte("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n"), 0o700))
	}
	if _, err := FindPostgres(testContext(t), old); err == nil || !strings.Contains(err.Error(), "holds version 14") {
		t.Errorf("an old one: %v", err)
	}
	dir, err := FindPostgres(testContext(t), "")
	must(t, err)
	if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err != nil {
		t.Error(err)
	}
}

func TestParsePostgresVersion(t *testing.T) {
	t.Parallel()
	for out, want := range map[string]int{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": 15,
		"postgres (PostgreSQL) 17beta1\n":                        17,
		"postgres (PostgreSQL) 9.6.24\n":                         9,
		"postgres (PostgreSQL) devel\n":                          0,
		"15.2\n":                                                 0,
		"":                                                       0,
	} {
		got, err := parsePostgresVersion(out)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %d, %v; want %d", out, got, err, want)
		}
	}
}

func TestPostgresURL(t *testing.T) {
	t.Parallel()
	p := &Postgres{dir: "/a b/pg", port: 5432}
	u, err := url.Parse(p.URL("gate way", "ferry/x"))
	must(t, err)
	if u.Query().Get("host") != "/a b/pg" || u.User.Username() != "gate way" || u.Path != "/ferry/x" {
		t.Fatalf("got %s", u)
	}
	config, err := pgx.ParseConfig(p.URL("gateway", "ferry"))
	must(t, err)
	if config.Host != "/a b/pg" || config.User != "gateway" || config.Database != "ferry" || config.TLSConfig != nil {
		t.Fatalf("pgx reads %+v", config.Config)
	}
}
