package dust

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// lookEach is how often the node is asked unless configured.
const lookEach = 30 * time.Second

// Store keeps the level across restarts.
type Store interface {
	// Dust is the level stored last; false if there is none.
	Dust(ctx context.Context) (Level, bool, error)
	// StoreDust stores the level.
	StoreDust(ctx context.Context, l Level) error
}

// Config is what a Threshold needs.
type Config struct {
	Chain asset.Chain
	// Fees is the chain's adapter.
	Fees   chain.Fees
	Limits Limits
	// Tokens are the thresholds of the chain's tokens, in base units of each. They stand
	// still: what spending one costs is paid in another asset, and no price is known here.
	Tokens map[asset.ID]asset.Units
	// Each is how often the node is asked; 30 s if zero.
	Each time.Duration
	// Moved, if not nil, is called after the threshold moved; it must not block.
	Moved func()
	Log   *slog.Logger
}

// Threshold is a chain's dust threshold as it moves. Units is safe for concurrent use;
// the rest is for one goroutine.
type Threshold struct {
	config Config
	store  Store

	mu    sync.Mutex
	level Level
	known bool
}

// New checks the configuration. The threshold is the floor until Start.
func New(c Config) (*Threshold, error) {
	if c.Fees == nil || c.Log == nil {
		return nil, errors.New("dust: the chain's fees or a log is missing")
	}
	if _, ok := c.Chain.Native(); !ok {
		return nil, fmt.Errorf("dust: chain %.20q is not known", c.Chain)
	}
	if c.Each == 0 {
		c.Each = lookEach
	}
	return &Threshold{config: c, level: Level{Threshold: c.Limits.Floor}}, c.Limits.Validate()
}

// Of is the threshold of one of the chain's assets now, in base units of it.
func (t *Threshold) Of(id asset.ID) asset.Units {
	if id == t.config.Chain.NativeID() {
		return t.Units()
	}
	return t.config.Tokens[id]
}

// Units is the threshold of the chain's own asset now, in base units.
func (t *Threshold) Units() asset.Units {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.level.Threshold
}

// Start goes on from the level that is stored. It comes before the first deposit is
// told and before Run.
func (t *Threshold) Start(ctx context.Context, s Store) error {
	level, known, err := s.Dust(ctx)
	if err != nil {
		return err
	}
	if known {
		// The limits may be others than then.
		level.Threshold = t.config.Limits.clamp(level.Threshold)
		t.set(level)
	}
	t.store = s
	return nil
}

// set keeps a level and reports whether the threshold is another.
func (t *Threshold) set(l Level) (moved bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	moved = t.level.Threshold != l.Threshold
	t.level, t.known = l, true
	return moved
}

// Run looks at the fees until ctx ends; it returns nil then.
func (t *Threshold) Run(ctx context.Context) error {
	ticker := time.NewTicker(t.config.Each)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if err := t.Look(ctx); err != nil && ctx.Err() == nil {
			level := slog.LevelWarn
			if errors.Is(err, chain.ErrNoEstimate) {
				level = slog.LevelDebug // a young chain's node has none for long
			}
			t.config.Log.Log(ctx, level, "dust threshold stays as it is", "chain", t.config.Chain, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	return nil
}

// Look asks the node once what spending a deposit costs, stores the level that follows,
// and publishes it then.
func (t *Threshold) Look(ctx context.Context) error {
	if t.store == nil {
		return errors.New("dust: looked before it was started")
	}
	cost, err := t.config.Fees.SpendCost(ctx)
	if err != nil {
		return fmt.Errorf("ask what spending a deposit costs: %w", err)
	}
	t.mu.Lock()
	before, known := t.level, t.known
	t.mu.Unlock()
	next, err := t.config.Limits.First(cost)
	if known {
		next, err = t.config.Limits.Next(before, cost)
	}
	if err != nil {
		return fmt.Errorf("dust threshold after a cost of %s: %w", cost, err)
	}
	if !known || next != before {
		if err := t.store.StoreDust(ctx, next); err != nil {
			return err
		}
	}
	if t.set(next) {
		t.config.Log.Info("dust threshold moved", "chain", t.config.Chain, "from", before.Threshold.String(), "to", next.Threshold.String())
		if t.config.Moved != nil {
			t.config.Moved()
		}
	}
	return nil
}
