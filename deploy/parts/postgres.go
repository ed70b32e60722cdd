package parts

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Superuser is the role that owns the private cluster; services have roles of their own, made by migrations.
const Superuser = "ferry"

const (
	// postgresPort only names the socket file; nothing listens on TCP unless PostgresConfig.Port says so.
	postgresPort = 5432
	// postgresReadyLimit covers crash recovery of a demo's worth of data.
	postgresReadyLimit = 2 * time.Minute
	// postgresStopLimit covers the checkpoint of an orderly stop on a busy disk.
	postgresStopLimit = 2 * time.Minute
)

// PostgresConfig says where the private cluster lives.
type PostgresConfig struct {
	Dir     string // data in Dir/data, the socket in Dir; absolute. See Elsewhere for when another folder takes its place.
	LogFile string // absolute
	BinDir  string // folder of initdb and postgres; found by FindPostgres if empty
	// Port, if not 0, also listens on 127.0.0.1. Over TCP a password is asked for (scram-sha-256), so a role needs one.
	Port           int
	MaxConnections int // 200 if 0: the daemons' pools together, with room for tests
	// Discard says that nobody needs the data afterwards: it is stopped without the checkpoint that an orderly stop
	// writes, which after minutes of tests can take a busy disk longer than any stop should.
	Discard bool
}

// Postgres is the running private cluster. Its socket is reached by its own user, which the supervisor is unless it is
// root, and by root; there no password is asked for.
type Postgres struct {
	*Process
	dir   string
	port  int
	moved string
}

// StartPostgres makes the cluster on first use, starts it and returns when it answers. As root it runs as the user
// postgres, or nobody. Writes are durable when a commit returns (fsync and synchronous_commit are on).
func StartPostgres(ctx context.Context, cfg PostgresConfig) (*Postgres, error) {
	if !filepath.IsAbs(cfg.Dir) {
		return nil, fmt.Errorf("the folder of PostgreSQL must be absolute, got %q", cfg.Dir)
	}
	if cfg.MaxConnections == 0 {
		cfg.MaxConnections = 200
	}
	port := postgresPort
	if cfg.Port != 0 {
		port = cfg.Port
	}
	binDir, err := FindPostgres(ctx, cfg.BinDir)
	if err != nil {
		return nil, err
	}
	place, err := placePostgres(cfg.Dir, port)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(place.dir, "data")
	pidFile := cfg.Dir + ".pid" // beside the folder: a file that root writes must not lie where another user can replace it
	if err := waitForPredecessor("PostgreSQL", pidFile, predecessorLimit); err != nil {
		return nil, err
	}
	if err := initCluster(ctx, binDir, data, cfg.LogFile, place.user); err != nil {
		return nil, err
	}
	stop := syscall.SIGINT // fast shutdown; SIGTERM would wait for every client to leave
	if cfg.Discard {
		stop = syscall.SIGQUIT // immediate
	}
	p := &Postgres{dir: place.dir, port: port, moved: place.moved}
	err = p.start(ctx, ProcessConfig{
		Name:       "PostgreSQL",
		Path:       filepath.Join(binDir, "postgres"),
		Args:       postgresArgs(data, place.dir, port, cfg),
		Env:        postgresEnvironment(),
		Dir:        place.dir,
		User:       place.user,
		LogFile:    cfg.LogFile,
		PIDFile:    pidFile,
		StopSignal: stop,
		StopLimit:  postgresStopLimit,
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// start runs the server until it answers. The children of one that was killed hold its memory until each has noticed;
// the new one refuses to start beside them, so it is started again for as long as a predecessor is waited for.
func (p *Postgres) start(ctx context.Context, cfg ProcessConfig) error {
	ctx, cancel := context.WithTimeout(ctx, postgresReadyLimit)
	defer cancel()
	began := time.Now()
	poll := time.NewTicker(10 * pollInterval)
	defer poll.Stop()
	for {
		process, err := StartProcess(cfg)
		if err != nil {
			return err
		}
		p.Process = process
		err = waitReady(ctx, process, postgresReadyLimit, p.ping)
		if err == nil || !strings.Contains(err.Error(), memoryInUse) || time.Since(began) > predecessorLimit {
			return err
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return err
		}
	}
}

// memoryInUse is what PostgreSQL says of a killed server whose children are still there (sysv_shmem.c).
const memoryInUse = "pre-existing shared memory block"

// URL is a connection string for pgx, libpq and psql.
func (p *Postgres) URL(user, database string) string {
	query := url.Values{"host": {p.dir}, "port": {strconv.Itoa(p.port)}}.Encode()
	// libpq and pgx read %20, not +, as a space.
	u := url.URL{Scheme: "postgres", User: url.User(user), Path: "/" + database, RawQuery: strings.ReplaceAll(query, "+", "%20")}
	return u.String()
}

// DataDir is where the cluster's files really are.
func (p *Postgres) DataDir() string { return filepath.Join(p.dir, "data") }

// Notice is a sentence to show when the data had to go to another folder than the one asked for; else empty.
func (p *Postgres) Notice() string { return p.moved }

// CreateDatabase makes a database owned by Superuser, in UTF-8, unless it exists.
func (p *Postgres) CreateDatabase(ctx context.Context, name string) error {
	return p.asSuperuser(ctx, func(conn *pgx.Conn) error {
		var exists bool
		if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists); err != nil {
			return fmt.Errorf("looking for database %s: %w", name, err)
		}
		if exists {
			return nil
		}
		_, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
		if pgErr := (*pgconn.PgError)(nil); errors.As(err, &pgErr) && pgErr.Code == "42P04" {
			return nil // duplicate_database: another was faster
		}
		if err != nil {
			return fmt.Errorf("creating database %s: %w", name, err)
		}
		return nil
	})
}

func (p *Postgres) ping(ctx context.Context) error {
	return p.asSuperuser(ctx, func(conn *pgx.Conn) error { return conn.Ping(ctx) })
}

func (p *Postgres) asSuperuser(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, p.URL(Superuser, "postgres"))
	if err != nil {
		return fmt.Errorf("connecting to PostgreSQL: %w", err)
	}
	return errors.Join(do(conn), conn.Close(context.WithoutCancel(ctx)))
}

func postgresArgs(data, socketDir string, port int, cfg PostgresConfig) []string {
	listen := ""
	if cfg.Port != 0 {
		listen = "127.0.0.1"
	}
	args := []string{"-D", data, "-k", socketDir, "-p", strconv.Itoa(port)}
	for _, setting := range []string{
		"listen_addresses=" + listen,
		"unix_socket_permissions=0700",
		"max_connections=" + strconv.Itoa(cfg.MaxConnections),
		"timezone=UTC",
		"log_timezone=UTC",
		"jit=off", // short statements only: compiling them costs more than it saves
		"log_checkpoints=off",
	} {
		args = append(args, "-c", setting)
	}
	return args
}

// postgresEnvironment has no PG* variable of the supervisor's, which would change what the programs do.
func postgresEnvironment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
}
