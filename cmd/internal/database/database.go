// Package database connects the daemons that have a schema. It is apart from
// package daemon so that the others link no database code.
package database

import (
	"context"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/cmd/internal/daemon"
)

// Open connects a pool to DATABASE_URL with search_path set to the service's
// schema. Transactions that stay open idle are cut off: they would hold back
// every relay of the cluster. Settings are what the service's store asks for.
func Open(ctx context.Context, url, schema string, settings ...map[string]string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", daemon.EnvDatabaseURL, err)
	}
	config.ConnConfig.RuntimeParams["search_path"] = schema
	config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "10000"
	config.ConnConfig.RuntimeParams["application_name"] = schema
	for _, set := range settings {
		maps.Copy(config.ConnConfig.RuntimeParams, set)
	}
	config.MaxConns = 12
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return pool, nil
}
