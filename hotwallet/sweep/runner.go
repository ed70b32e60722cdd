package sweep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
	"ferry/swap/crash"
)

// Store is what the runner reads and has written. Each write is one transaction.
type Store interface {
	// Sweepable reads, from one snapshot, what Decide looks at, but for costs and fees.
	// Holdings of less than least of an asset, and of assets that have none, are left out.
	Sweepable(ctx context.Context, least map[asset.ID]asset.Units) (State, error)
	// SmallCoins reads what Consolidate looks at, but for fees.
	SmallCoins(ctx context.Context) (Coins, error)
	// DroppedNonces are those of the sender that no transaction will use by itself.
	DroppedNonces(ctx context.Context) ([]uint64, error)
	// StoreHouse stores payments, unless the chain stands still or what they rest on has
	// changed, and returns the ids of those that are new.
	StoreHouse(ctx context.Context, intents []Intent) ([]string, error)
}

// Payer makes the plans by which the runner learns what a sweep costs. They are not kept.
type Payer interface {
	Plan(ctx context.Context, f chain.Funds, r chain.Request) (chain.Plan, error)
}

// Config is what a Runner needs.
type Config struct {
	Chain    asset.Chain
	Settings Settings
	Store    Store
	Payer    Payer
	// Sender is the address that pays (account chains).
	Sender string
	// FeesUsual reports whether spending now costs no more than it usually does.
	FeesUsual func(ctx context.Context) (bool, error)
	// FeeMax is the most one transaction may cost.
	FeeMax asset.Units
	// Stored, if not nil, is called after payments were stored.
	Stored func()
	// Each is the pause between looks; half a minute if zero.
	Each time.Duration
	Log  *slog.Logger
}

// Runner looks at what lies where now and then, and has stored what is due.
type Runner struct{ config Config }

// eachDefault is Config.Each's.
const eachDefault = 30 * time.Second

// New checks the configuration.
func New(c Config) (*Runner, error) {
	if c.Store == nil || c.Payer == nil || c.FeesUsual == nil || c.Log == nil || c.FeeMax.IsZero() {
		return nil, errors.New("sweep: a store, payer, look at fees, largest fee or log is missing")
	}
	if c.Chain.Family() == asset.Account && c.Sender == "" {
		return nil, errors.New("sweep: the address that pays is missing")
	}
	if err := c.Settings.Validate(); err != nil {
		return nil, err
	}
	if c.Each == 0 {
		c.Each = eachDefault
	}
	return &Runner{config: c}, nil
}

// Run looks until ctx ends; it returns nil then. Failures are logged and tried again.
func (r *Runner) Run(ctx context.Context) error {
	ticker := time.NewTicker(r.config.Each)
	defer ticker.Stop()
	for {
		if err := r.Look(ctx); err != nil && ctx.Err() == nil {
			r.config.Log.Warn("what to sweep was not found out, will try again", "chain", r.config.Chain, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Look stores what is due now. Dropped nonces come first: they hold up payments.
func (r *Runner) Look(ctx context.Context) error {
	if r.config.Chain.Family() == asset.UTXO {
		return r.coins(ctx)
	}
	if err := r.gaps(ctx); err != nil {
		return err
	}
	if r.config.Settings.PerHour == 0 {
		return nil
	}
	return r.accounts(ctx)
}

// store has intents stored.
func (r *Runner) store(ctx context.Context, intents []Intent) error {
	if len(intents) == 0 {
		return nil
	}
	crash.Point("sweep.house.before")
	fresh, err := r.config.Store.StoreHouse(ctx, intents)
	if err != nil {
		return fmt.Errorf("store %d payments of the house: %w", len(intents), err)
	}
	crash.Point("sweep.house.after")
	for _, id := range fresh {
		r.config.Log.Info("payment of the house's own stored", "chain", r.config.Chain, "order", id)
	}
	if len(fresh) > 0 && r.config.Stored != nil {
		r.config.Stored()
	}
	return nil
}
