// Package deadline turns deadlines that are due into facts. Whether one still
// matters is the state machine's decision when the fact comes round.
//
// It promises that each deadline is told once, and never before it is due by the
// given clock. Any number of sweepers may run. It imports the standard library.
package deadline

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"ferry/swap/crash"
)

// Store holds the deadlines to come.
type Store interface {
	// TellDue puts a fact for at most limit deadlines due at or before now into
	// the outbox, removes them in the same transaction, and returns how many.
	TellDue(ctx context.Context, now time.Time, limit int) (int, error)
}

// Config of a sweeper.
type Config struct {
	Store Store
	// Grace is how long after its time a deadline is told, so that facts about
	// what happened before it have time to arrive first.
	Grace time.Duration
	// Every is the pause between looks.
	Every time.Duration
	Now   func() time.Time
	Log   *slog.Logger
	// Told, if not nil, is called after facts were put in the outbox.
	Told func()
}

const batch = 500

// Run sweeps until ctx ends. A failed look is logged; the next one finds the same
// deadlines again.
func Run(ctx context.Context, c Config) error {
	ticker := time.NewTicker(c.Every)
	defer ticker.Stop()
	for {
		if err := c.sweep(ctx); err != nil && ctx.Err() == nil {
			c.Log.Warn("deadlines were not swept, will try again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (c Config) sweep(ctx context.Context) error {
	for {
		n, err := c.Store.TellDue(ctx, c.Now().Add(-c.Grace), batch)
		if err != nil {
			return fmt.Errorf("tell due deadlines: %w", err)
		}
		if n > 0 {
			crash.Point("deadline.tell.after")
		}
		if n > 0 && c.Told != nil {
			c.Told()
		}
		if n < batch {
			return nil
		}
	}
}
