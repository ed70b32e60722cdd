package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

//go:embed */*.sql
var files embed.FS

// sets says which folders make up each service's schema, in order.
var sets = map[string][]string{
	"gateway":   {"bus", "gateway"},
	"liquidity": {"bus", "ledger", "liquidity"},
	"swap":      {"bus", "ledger", "swap"},
	"hotwallet": {"bus", "ledger", "hotwallet"},
}

// Services lists the schemas in the order they are made.
func Services() []string { return []string{"gateway", "liquidity", "swap", "hotwallet"} }

// lockKey is the advisory lock under which one process migrates at a time.
const lockKey = 0x6665727279 // "ferry"

// Up brings the database at url (of a role that may create schemas and roles) to
// the newest version: all services' schemas, then roles and grants.
func Up(ctx context.Context, url string) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect to migrate: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lockKey); err != nil {
		return fmt.Errorf("take the migration lock: %w", err)
	}
	for _, service := range Services() {
		if err := Apply(ctx, url, service, service); err != nil {
			return err
		}
	}
	return apply(ctx, url, "public", "roles")
}

// Apply makes one service's tables in the named schema, which it creates if it
// is missing. Tests use it with a schema of their own.
func Apply(ctx context.Context, url, service, schema string) error {
	folders, ok := sets[service]
	if !ok {
		return fmt.Errorf("service %q has no migrations", service)
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect to migrate: %w", err)
	}
	_, err = conn.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{schema}.Sanitize())
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("create schema %s: %w", schema, err)
	}
	for _, folder := range folders {
		if err := apply(ctx, url, schema, folder); err != nil {
			return err
		}
	}
	return nil
}

// apply runs one folder inside one schema, with a version table of its own.
func apply(ctx context.Context, url, schema, folder string) (err error) {
	names, err := fs.Glob(files, folder+"/*.sql")
	if err != nil || len(names) == 0 {
		return fmt.Errorf("folder %s has no migrations: %w", folder, err)
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("database url: %w", err)
	}
	config.RuntimeParams["search_path"] = schema
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	return up(ctx, db, folder)
}

func up(ctx context.Context, db *sql.DB, folder string) error {
	sub, err := fs.Sub(files, folder)
	if err != nil {
		return fmt.Errorf("folder %s: %w", folder, err)
	}
	store, err := database.NewStore(database.DialectPostgres, "migration_"+folder)
	if err != nil {
		return fmt.Errorf("version table of %s: %w", folder, err)
	}
	provider, err := goose.NewProvider("", db, sub, goose.WithStore(store))
	if err != nil {
		return fmt.Errorf("read migrations of %s: %w", folder, err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", folder, err)
	}
	return nil
}
