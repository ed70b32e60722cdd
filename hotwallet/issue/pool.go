package issue

import (
	"context"
	"fmt"
	"time"

	"ferry/hotwallet/keys"
	"ferry/swap/crash"
)

// Start burns what attestd has attested before and fills the pool. Until it has
// returned nil no address may be given. ErrLost where all addresses are lost.
func (i *Issuer) Start(ctx context.Context) error {
	next, err := i.Attested(ctx)
	if err != nil {
		return err
	}
	pool, err := i.config.Store.DepositPool(ctx)
	if err != nil {
		return err
	}
	if next > 0 && pool.Next == 0 {
		// Addresses are stored before they are attested.
		return fmt.Errorf("attestd has attested %d addresses of %s: %w", next, i.config.Chain, ErrLost)
	}
	// A database restored from an old copy lacks addresses that were given out:
	// they are watched again, and what arrives there is suspense.
	if err := i.BurnUpTo(ctx, next); err != nil {
		return err
	}
	return i.fill(ctx)
}

// Run keeps the pool filled until ctx ends; it returns nil then.
func (i *Issuer) Run(ctx context.Context) error {
	ticker := time.NewTicker(refillEach)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-i.refill:
		}
		if err := i.fill(ctx); err != nil && ctx.Err() == nil {
			i.config.Log.Error("address pool was not filled, will try again", "chain", i.config.Chain, "error", err)
		}
	}
}

// fill derives addresses until enough are ready.
func (i *Issuer) fill(ctx context.Context) error {
	for {
		pool, err := i.config.Store.DepositPool(ctx)
		if err != nil {
			return err
		}
		if pool.Ready >= i.config.Pool {
			return nil
		}
		if err := i.derive(ctx, pool.Next, uint32(min(i.config.Pool-pool.Ready, deriveMost)), false); err != nil {
			return err
		}
	}
}

// derive makes the count addresses from an index on. They are watched before
// they are stored, and so before they can be given: a deposit is never missed.
func (i *Issuer) derive(ctx context.Context, from, count uint32, burnt bool) error {
	addresses, watched := make([]Address, 0, count), make([]string, 0, count)
	for index := from; index < from+count; index++ {
		key, err := i.config.Accounts.Derive(i.config.Chain, keys.Deposit, keys.External, index)
		if err != nil {
			return fmt.Errorf("derive deposit address %d: %w", index, err)
		}
		addresses = append(addresses, Address{Index: index, Path: key.Path, Address: key.Address})
		watched = append(watched, key.Address)
	}
	i.config.Watch(watched)
	crash.Point("issue.pool.before")
	err := i.config.Store.AddDeposits(ctx, addresses, burnt)
	crash.Point("issue.pool.after")
	return err
}
