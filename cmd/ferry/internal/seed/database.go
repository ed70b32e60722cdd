package seed

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/migrations"
)

// Database is a fresh database of all services.
type Database struct {
	// SupportURL and OperatorURL are what people connect with.
	SupportURL, OperatorURL string
	t                       testing.TB
	conn                    *pgx.Conn
}

// migrating is the lock under which one test process migrates at a time: roles
// belong to the whole server, and two that make them at once get in each other's way.
const migrating = 0x636c69 // "cli"

// limit bounds the making and dropping of a database.
const limit = 2 * time.Minute

// template is the migrated database that New copies, made by Main.
var template string

// Main runs a package's tests with a database for New to copy, and returns the
// exit status. Migrating once and copying is ten times as fast as migrating anew.
func Main(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	base := os.Getenv("FERRY_TEST_DATABASE_URL")
	if base == "" {
		fmt.Fprintln(os.Stderr, "FERRY_TEST_DATABASE_URL is not set")
		return 1
	}
	if err := makeTemplate(ctx, base); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := onServer(base, "DROP DATABASE "+template+" WITH (FORCE)"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func makeTemplate(ctx context.Context, base string) (err error) {
	server, err := pgx.Connect(ctx, base)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close(ctx)) }()
	// Held until the connection closes.
	if _, err := server.Exec(ctx, "SELECT pg_advisory_lock($1)", migrating); err != nil {
		return err
	}
	name, err := newName()
	if err != nil {
		return err
	}
	if _, err := server.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return err
	}
	template = name
	owner, err := urlOf(base, name, "")
	if err != nil {
		return err
	}
	if err := migrations.Up(ctx, owner); err != nil {
		_, dropErr := server.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		return errors.Join(err, dropErr)
	}
	return nil
}

// New copies the migrated database, and drops the copy when the test ends.
func New(t testing.TB) *Database {
	t.Helper()
	base := os.Getenv("FERRY_TEST_DATABASE_URL")
	if template == "" {
		t.Fatal("this package's TestMain does not call seed.Main")
	}
	name, err := newName()
	if err != nil {
		t.Fatal(err)
	}
	if err := onServer(base, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := onServer(base, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	d := &Database{t: t}
	var urls [3]string
	for i, role := range []string{"", "ferry_support", "ferry_operator"} {
		if urls[i], err = urlOf(base, name, role); err != nil {
			t.Fatal(err)
		}
	}
	d.SupportURL, d.OperatorURL = urls[1], urls[2]
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	d.conn = connect(ctx, t, urls[0])
	t.Cleanup(func() { hangUp(t, d.conn) })
	return d
}

func newName() (string, error) {
	raw := make([]byte, 8)
	_, err := rand.Read(raw)
	return "test_cli_" + hex.EncodeToString(raw), err
}

// onServer runs one statement beside the databases of tests.
func onServer(base, sql string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	server, err := pgx.Connect(ctx, base)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close(ctx)) }()
	if _, err := server.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// Exec runs a statement as the owner of everything.
func (d *Database) Exec(sql string, args ...any) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	mustExec(ctx, d.t, d.conn, sql, args...)
}

// Text runs a query that gives one text.
func (d *Database) Text(sql string, args ...any) string {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var text string
	if err := d.conn.QueryRow(ctx, sql, args...).Scan(&text); err != nil {
		d.t.Fatalf("%s: %v", sql, err)
	}
	return text
}

// Support connects as the command line does for support.
func (d *Database) Support() *pgx.Conn {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	conn := connect(ctx, d.t, d.SupportURL)
	d.t.Cleanup(func() { hangUp(d.t, conn) })
	return conn
}

func connect(ctx context.Context, t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// urlOf is base with another database and, if role is not empty, as that role.
func urlOf(base, database, role string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("FERRY_TEST_DATABASE_URL: %w", err)
	}
	query := u.Query()
	u.Path = "/" + database
	if role != "" {
		// A server on a unix socket names its user in the query.
		query.Del("user")
		u.User = url.User(role)
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}

func hangUp(t testing.TB, conn *pgx.Conn) {
	t.Helper()
	if err := conn.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func mustExec(ctx context.Context, t testing.TB, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(ctx, sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
