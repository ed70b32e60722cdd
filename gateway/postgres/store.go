package postgres

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/gateway"
	"ferry/swap/bus"
)

// Store keeps the gateway's tables.
type Store struct{ pool *pgxpool.Pool }

var _ gateway.Store = (*Store)(nil)

// New uses a pool whose search_path is the gateway's schema.
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// The statements, one a file.
var (
	//go:embed claim.sql
	claimSQL string
	//go:embed claimed.sql
	claimedSQL string
	//go:embed release.sql
	releaseSQL string
	//go:embed finish.sql
	finishSQL string
	//go:embed swap_insert.sql
	swapInsertSQL string
	//go:embed swap_read.sql
	swapReadSQL string
	//go:embed history_read.sql
	historyReadSQL string
	//go:embed project.sql
	projectSQL string
)

// claimTries bounds how often a claim is looked for again because its row was
// released between the two statements.
const claimTries = 5

// Claimed implements gateway.Store.
func (s *Store) Claimed(ctx context.Context, key gateway.Hash) (gateway.Claim, bool, error) {
	var claim gateway.Claim
	var request []byte
	err := s.pool.QueryRow(ctx, claimedSQL, key[:]).Scan(&claim.SwapID, &request, &claim.Response)
	if errors.Is(err, pgx.ErrNoRows) {
		return claim, false, nil
	}
	if err != nil {
		return claim, false, explain("read an idempotency key", err)
	}
	copy(claim.Request[:], request)
	return claim, true, nil
}

// Claim implements gateway.Store.
func (s *Store) Claim(ctx context.Context, key gateway.Hash, fresh gateway.Claim, at time.Time) (gateway.Claim, error) {
	for range claimTries {
		tag, err := s.pool.Exec(ctx, claimSQL, key[:], fresh.Request[:], fresh.SwapID, at)
		if err != nil {
			return gateway.Claim{}, explain("claim an idempotency key", err)
		}
		if tag.RowsAffected() == 1 {
			return gateway.Claim{SwapID: fresh.SwapID, Request: fresh.Request}, nil
		}
		if claim, claimed, err := s.Claimed(ctx, key); err != nil || claimed {
			return claim, err
		}
	}
	return gateway.Claim{}, fmt.Errorf("claim an idempotency key: it was released %d times meanwhile", claimTries)
}

// Release implements gateway.Store.
func (s *Store) Release(ctx context.Context, key gateway.Hash, swapID string) error {
	if _, err := s.pool.Exec(ctx, releaseSQL, key[:], swapID); err != nil {
		return explain("release the idempotency key of "+swapID, err)
	}
	return nil
}

// Finish implements gateway.Store.
func (s *Store) Finish(ctx context.Context, c gateway.Creation) error {
	r, id := c.Terms.Receipt, c.Terms.Receipt.SwapID
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// First, since its row lock makes requests under one key take turns.
		tag, err := tx.Exec(ctx, finishSQL, c.Key[:], c.Request[:], id, c.At, string(c.Response))
		if err != nil {
			return err
		}
		if tag.RowsAffected() != 1 {
			return gateway.ErrClaimMoved
		}
		if _, err := tx.Exec(ctx, swapInsertSQL, id, c.Terms.SignedQuote, c.Terms.SignedReceipt, r.QuoteID,
			string(r.DepositChain), r.DepositAddress, r.SecretHash, c.At); err != nil {
			return err
		}
		if err := project(ctx, tx, c.First); err != nil {
			return err
		}
		return bus.Put(ctx, tx, c.Fact)
	})
	if err != nil {
		return explain("store swap "+id, err)
	}
	return nil
}

// Ping implements gateway.Store.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return explain("ping the database", err)
	}
	return nil
}
