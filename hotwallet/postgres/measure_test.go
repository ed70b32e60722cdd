package postgres

import (
	"errors"
	"log/slog"
	"testing"

	"ferry/swap/asset"
)

// A process holds the lease until another has taken it, or before it ever had.
func TestHoldsLease(t *testing.T) {
	t.Parallel()
	first, pool := newStore(t, asset.Bitcoin, Config{})
	if err := first.HoldsLease(t.Context()); err != nil {
		t.Errorf("the holder: %v", err)
	}
	second, err := New(pool, asset.Bitcoin, Config{Confirmations: 3, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.HoldsLease(t.Context()); !errors.Is(err, ErrNoLease) {
		t.Errorf("who never had it: %v", err)
	}
	if _, err := pool.Exec(t.Context(), `UPDATE lease SET token = token + 1`); err != nil {
		t.Fatal(err)
	}
	if err := first.HoldsLease(t.Context()); !errors.Is(err, ErrNoLease) {
		t.Errorf("after a successor: %v", err)
	}
}
