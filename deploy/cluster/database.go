package cluster

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"

	"ferry/deploy/parts"
	"ferry/migrations"
)

// databaseName is the one the embedded PostgreSQL gets.
const databaseName = "ferry"

var roles = []string{"ferry_gateway", "ferry_liquidity", "ferry_swap", "ferry_hotwallet", "ferry_support", "ferry_operator"}

// database starts or finds Postgres, migrates it, and returns each role's URL.
func (c *Cluster) database(ctx context.Context) (map[string]string, error) {
	if external := c.config.Getenv("DATABASE_URL"); external != "" {
		c.progress("migrating the database at DATABASE_URL")
		if err := migrations.Up(ctx, external); err != nil {
			return nil, err
		}
		return passwords(ctx, external)
	}
	c.progress("starting PostgreSQL")
	config := parts.PostgresConfig{Dir: c.dir.Part("pg"), LogFile: c.dir.Log("postgres")}
	pg, err := parts.StartPostgres(ctx, config)
	if err != nil {
		return nil, err
	}
	c.part("postgres", func(ctx context.Context) (*parts.Process, error) {
		p, err := parts.StartPostgres(ctx, config)
		if err != nil {
			return nil, err
		}
		return p.Process, nil
	})
	c.started("postgres", pg.Process)
	if notice := pg.Notice(); notice != "" {
		c.progress(notice)
	}
	if err := pg.CreateDatabase(ctx, databaseName); err != nil {
		return nil, err
	}
	c.progress("migrating the database")
	if err := migrations.Up(ctx, pg.URL(parts.Superuser, databaseName)); err != nil {
		return nil, err
	}
	urls := map[string]string{}
	for _, role := range roles {
		urls[role] = pg.URL(role, databaseName)
	}
	return urls, nil
}

// passwords gives each role of a real server a fresh random password: a cluster
// is the only user of its roles, and nothing of it has to be kept.
func passwords(ctx context.Context, admin string) (_ map[string]string, err error) {
	base, err := url.Parse(admin)
	if err != nil || base.Host == "" {
		return nil, errors.New("DATABASE_URL must have the form postgres://user:password@host:port/database")
	}
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return nil, fmt.Errorf("connect to DATABASE_URL: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	urls := map[string]string{}
	for _, role := range roles {
		raw := make([]byte, 24)
		if _, err := rand.Read(raw); err != nil {
			return nil, fmt.Errorf("make a password: %w", err)
		}
		password := hex.EncodeToString(raw)
		// A utility statement takes no parameters; the text is hexadecimal.
		if _, err := conn.Exec(ctx, fmt.Sprintf("ALTER ROLE %s PASSWORD '%s'", pgx.Identifier{role}.Sanitize(), password)); err != nil {
			return nil, fmt.Errorf("set the password of %s: %w", role, err)
		}
		own := *base
		own.User = url.UserPassword(role, password)
		urls[role] = own.String()
	}
	return urls, nil
}
