package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// Config is what a store needs beside its database and chain.
type Config struct {
	// Confirmations is how many blocks deep, counting its own, a deposit has to be
	// before it is told as confirmed, and a payment before it is final. It is for
	// every deposit where Rules are left out, and not looked at where they are given.
	Confirmations int64
	// Networks tell which forms another chain's addresses have on this one; without them
	// there are none.
	Networks asset.Networks
	// Rules are what deposits need by their amounts; what payments and change need is
	// the chain's depth in them. See Store.SetRules.
	Rules swap.DepositRules
	// Tokens are what the chain has besides its own asset.
	Tokens []asset.ID
	// DustThreshold is the chain's published economic threshold in base units of
	// its native asset. It goes into each deposit's facts.
	DustThreshold asset.Units
	// Dust, if not nil, is each asset's threshold as it moves; then it takes the place
	// of DustThreshold. Without it tokens have none.
	Dust func(asset.ID) asset.Units
	// Burial is the deepest reorganisation that is followed: what came to a deposit address is
	// swept once it is deeper, and as deep as deposits have to be.
	Burial int64
	// GasReserve is what a token's payment is reckoned to cost until it is planned, in
	// base units of the native asset (account chains). So much is kept back for each
	// that waits, and where there is less no token is told as available.
	GasReserve asset.Units
	// SpendDepth is how deep coins must be that Basis offers (UTXO chains); as deep as
	// payments if that is more.
	SpendDepth int64
	// InFlightMax is how many transactions of the account that pays may be in no block at
	// once (account chains); payment.InFlightMax if zero.
	InFlightMax int
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	Log *slog.Logger
}

func (c Config) validate() error {
	if c.Log == nil {
		return errors.New("a log is missing")
	}
	if c.InFlightMax < 0 {
		return fmt.Errorf("%d transactions in no block at once; at least 1, or 0 for %d", c.InFlightMax, payment.InFlightMax)
	}
	return nil
}

// Store is the hot wallet's database as one chain sees it. It is safe for
// concurrent use. It reads at once and writes after AcquireLease.
type Store struct {
	pool   *pgxpool.Pool
	chain  asset.Chain
	native asset.Asset
	config Config
	token  atomic.Int64
	rules  atomic.Pointer[swap.DepositRules]
}

// New makes a store on a pool whose search_path is the hot wallet's schema.
func New(pool *pgxpool.Pool, chain asset.Chain, c Config) (*Store, error) {
	native, ok := chain.Native()
	if !ok {
		return nil, fmt.Errorf("chain %.20q is not known", chain)
	}
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("hot wallet's store: %w", err)
	}
	for _, id := range c.Tokens {
		if a, known := asset.Lookup(id); !known || !a.Token || a.Chain != chain {
			return nil, fmt.Errorf("hot wallet's store: %.20q is no token of %s", id, chain)
		}
	}
	if c.Dust == nil {
		c.Dust = func(id asset.ID) asset.Units {
			if id == native.ID {
				return c.DustThreshold
			}
			return asset.Units{}
		}
	}
	if c.InFlightMax == 0 {
		c.InFlightMax = payment.InFlightMax
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Store{pool: pool, chain: chain, native: native, config: c}
	if c.Rules.Confirmations == nil {
		c.Rules.Confirmations = map[asset.Chain]int64{chain: c.Confirmations}
	}
	if err := s.SetRules(c.Rules); err != nil {
		return nil, fmt.Errorf("hot wallet's store: %w", err)
	}
	return s, nil
}

// SetRules has deposits and payments judged by other rules from the next block on. What
// is confirmed or final stays so. Rules that are wrong change nothing.
func (s *Store) SetRules(rules swap.DepositRules) error {
	if err := rules.Validate(); err != nil {
		return err
	}
	if rules.Confirmations[s.chain] < 1 {
		return fmt.Errorf("deposit rules: at least 1 confirmation is needed on %s", s.chain)
	}
	s.rules.Store(&rules)
	return nil
}

// Rules are those in force.
func (s *Store) Rules() swap.DepositRules { return *s.rules.Load() }

// depth is how deep payments and what they give back must be, in blocks.
func (s *Store) depth() int64 { return s.rules.Load().Confirmations[s.chain] }

// spendDepth is how deep a coin must be that is for any payment to take.
func (s *Store) spendDepth() int64 { return max(s.config.SpendDepth, s.depth()) }

// Chain is the chain whose rows this store reads and writes.
func (s *Store) Chain() asset.Chain { return s.chain }

// assets are what the chain has, its own first.
func (s *Store) assets() []asset.ID { return append([]asset.ID{s.native.ID}, s.config.Tokens...) }

// now is the clock as far as Postgres can hold it, so that what is told equals
// what is stored.
func (s *Store) now() time.Time { return s.config.Now().UTC().Truncate(time.Microsecond) }

// amount is base units of the chain's native asset.
func (s *Store) amount(u asset.Units) asset.Amount { return asset.Amount{Asset: s.native.ID, Units: u} }

// write runs f in a transaction of the lease's holder; ErrFenced if that is
// somebody else by now. The chain's lock comes before any write, so the chain's
// transactions, and with them their outbox rows, have one order. It is held for
// as long as f runs: f calls nothing but the database.
func (s *Store) write(ctx context.Context, f func(tx pgx.Tx) error) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.fence(ctx, tx); err != nil {
			return err
		}
		return f(tx)
	})
	return mapError(err)
}

// fence takes the lock and then, in a statement of its own whose snapshot is
// younger than the lock, looks at the token.
func (s *Store) fence(ctx context.Context, tx pgx.Tx) error {
	var batch pgx.Batch
	batch.Queue(lockChainSQL, s.chain)
	batch.Queue(checkTokenSQL, s.chain, s.token.Load())
	results := tx.SendBatch(ctx, &batch)
	_, err := results.Exec()
	var holds bool
	if err == nil {
		err = results.QueryRow().Scan(&holds)
	}
	if err = errors.Join(err, results.Close()); err != nil {
		return fmt.Errorf("check the lease on %s: %w", s.chain, err)
	}
	if !holds {
		return fmt.Errorf("%s with token %d: %w", s.chain, s.token.Load(), ErrFenced)
	}
	return nil
}

// read runs f in a read-only transaction with one snapshot.
func (s *Store) read(ctx context.Context, f func(tx pgx.Tx) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return mapError(pgx.BeginTxFunc(ctx, s.pool, options, f))
}
