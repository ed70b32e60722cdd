// Package pgtest gives each test a schema of its own on a real Postgres.
//
// The server is the one at FERRY_TEST_DATABASE_URL, which must be a role that may
// create schemas. It imports migrations and pgx, and is for tests only.
package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/migrations"
)

// New returns a pool whose search_path is a fresh schema with the service's
// tables; the schema is dropped when the test ends.
func New(t testing.TB, service string) *pgxpool.Pool {
	t.Helper()
	url := os.Getenv("FERRY_TEST_DATABASE_URL")
	if url == "" {
		t.Fatal("FERRY_TEST_DATABASE_URL is not set")
	}
	raw := make([]byte, 8)
	if _, err := rand.Read(raw); err != nil {
		t.Fatal(err)
	}
	schema := "test_" + service + "_" + hex.EncodeToString(raw)
	ctx := context.Background()
	if err := migrations.Apply(ctx, url, service, schema); err != nil {
		t.Fatal(err)
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.RuntimeParams["search_path"] = schema
	config.MaxConns = 8
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := pool.Exec(context.Background(), "DROP SCHEMA "+pgx.Identifier{schema}.Sanitize()+" CASCADE")
		if err != nil {
			t.Errorf("drop %s: %v", schema, err)
		}
		pool.Close()
	})
	return pool
}
