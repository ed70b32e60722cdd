package seed

import (
	"context"
	"crypto/rand"
	"encoding/hex"
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

// migrating is the lock under which one test migrates at a time: roles belong to
// the whole server, and two databases that make them at once get in each other's way.
const migrating = 0x636c69 // "cli"

// limit bounds the making and dropping of a database.
const limit = 2 * time.Minute

// New makes a database, brings it to the newest version, and drops it when the
// test ends.
func New(t testing.TB) *Database {
	t.Helper()
	base := os.Getenv("FERRY_TEST_DATABASE_URL")
	if base == "" {
		t.Fatal("FERRY_TEST_DATABASE_URL is not set")
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	raw := make([]byte, 8)
	if _, err := rand.Read(raw); err != nil {
		t.Fatal(err)
	}
	name := "test_cli_" + hex.EncodeToString(raw)
	server := connect(ctx, t, base)
	t.Cleanup(func() { drop(t, server, name) })
	mustExec(ctx, t, server, "SELECT pg_advisory_lock($1)", migrating)
	mustExec(ctx, t, server, "CREATE DATABASE "+name)
	owner := urlOf(t, base, name, "")
	if err := migrations.Up(ctx, owner); err != nil {
		t.Fatal(err)
	}
	mustExec(ctx, t, server, "SELECT pg_advisory_unlock($1)", migrating)
	db := &Database{SupportURL: urlOf(t, base, name, "ferry_support"), OperatorURL: urlOf(t, base, name, "ferry_operator"),
		t: t, conn: connect(ctx, t, owner)}
	t.Cleanup(func() { db.conn.Close(context.Background()) })
	return db
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
	d.t.Cleanup(func() { conn.Close(context.Background()) })
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

func drop(t testing.TB, server *pgx.Conn, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if _, err := server.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
		t.Errorf("drop %s: %v", name, err)
	}
	server.Close(ctx)
}

// urlOf is base with another database and, if role is not empty, as that role.
func urlOf(t testing.TB, base, database, role string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	u.Path = "/" + database
	if role != "" {
		// A server on a unix socket names its user in the query.
		query.Del("user")
		u.User = url.User(role)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

func mustExec(ctx context.Context, t testing.TB, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(ctx, sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
