package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/swap/crash"
)

// Lease is the right to write a chain's rows. It lives as long as its connection.
type Lease struct {
	conn  *pgx.Conn
	token int64
}

// AcquireLease waits, until ctx ends, for the chain's lease and makes the store a
// writer under a token greater than all before. holder names the process for people.
func (s *Store) AcquireLease(ctx context.Context, holder string) (*Lease, error) {
	pooled, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect for the lease on %s: %w", s.chain, err)
	}
	// The connection leaves the pool: it is the lease.
	l := &Lease{conn: pooled.Hijack()}
	if err := s.take(ctx, l, holder); err != nil {
		return nil, errors.Join(fmt.Errorf("take the lease on %s: %w", s.chain, err), l.Close(context.WithoutCancel(ctx)))
	}
	s.token.Store(l.token)
	crash.Point("lease.take.after")
	return l, nil
}

// take raises the token under the writers' lock: a transaction of the previous
// holder is either committed before or refused after.
func (s *Store) take(ctx context.Context, l *Lease, holder string) error {
	if _, err := l.conn.Exec(ctx, lockLeaseSQL, s.chain); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, l.conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockChainSQL, s.chain); err != nil {
			return err
		}
		return tx.QueryRow(ctx, takeLeaseSQL, s.chain, holder).Scan(&l.token)
	})
}

// Token is the fencing token, for the other processes that check it.
func (l *Lease) Token() int64 { return l.token }

// Wait blocks until ctx ends (nil) or the lease's connection is lost (an error,
// after which the process must end its run).
func (l *Lease) Wait(ctx context.Context) error {
	for {
		// Nobody notifies this session: only its end or ctx's wakes us.
		_, err := l.conn.WaitForNotification(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // ending the wait is what the error is for
		}
		if err != nil {
			return fmt.Errorf("the lease's connection is lost: %w", err)
		}
	}
}

// Close gives the lease up. Call it after Wait has returned.
func (l *Lease) Close(ctx context.Context) error {
	if err := l.conn.Close(ctx); err != nil {
		return fmt.Errorf("give up the lease: %w", err)
	}
	return nil
}
