package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ferry/hotwallet/chain"
)

// Store is where the watcher's blocks go. Every change is one transaction; an
// error leaves open whether it happened, and the watcher reads again.
type Store interface {
	// Cursor is the last block processed; false before Begin.
	Cursor(ctx context.Context) (chain.Ref, bool, error)
	// Begin sets the first cursor.
	Begin(ctx context.Context, at chain.Ref) error
	// BlockAt is a processed block; false if it is not kept.
	BlockAt(ctx context.Context, height int64) (chain.Ref, bool, error)
	// Apply adds the block above the cursor, Rollback takes the cursor's back.
	Apply(ctx context.Context, b chain.Block) error
	Rollback(ctx context.Context, at chain.Ref) error
	// Addresses and Coins (unspent) are ours.
	Addresses(ctx context.Context) ([]string, error)
	Coins(ctx context.Context) ([]string, error)
	// Sightings are the deposits seen and in no block, by DepositID. See adds,
	// Replace withdraws.
	Sightings(ctx context.Context) ([]string, error)
	See(ctx context.Context, credits []chain.Credit) error
	Replace(ctx context.Context, ids []string) error
	DepositID(c chain.Credit) string
	// Stop halts the chain's payments and reports whether they ran before.
	Stop(ctx context.Context, reason string) (bool, error)
	// Alarm records what a person has to look at and reports whether it is new.
	Alarm(ctx context.Context, alarm, reason string) (bool, error)
}

// Config is what a watcher needs.
type Config struct {
	Reader chain.Reader
	Store  Store
	// Siblings, if not nil, lists the forms on this chain of another chain's deposit
	// addresses, of those with an index of from or above, and the index after the
	// highest. An address has to be listed before anybody can be given it.
	Siblings func(ctx context.Context, from uint32) (addresses []string, next uint32, err error)
	// Set is shared with whatever derives new addresses.
	Set *Set
	// Poll is the pause between looks, at least a millisecond.
	Poll time.Duration
	// Wake, if not nil, ends a pause early: a push feed's hint.
	Wake <-chan struct{}
	// BirthHeight is the block to begin after on a chain without a cursor; 0 is
	// the node's tip at that time.
	BirthHeight int64
	// ReorgLimit is the most blocks that are taken back at once. Beyond the
	// confirmations needed, the store takes back what was told as settled.
	ReorgLimit int64
	// AtTip, if not nil, runs after blocks came or went and the cursor has reached
	// the node's tip. The watcher waits for it.
	AtTip func(ctx context.Context)
	// StaleAfter is how long the node's tip may stay where it is, or the node give
	// no answer, until that is an alarm; 0 watches for nothing.
	StaleAfter time.Duration
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// Observer hears what the node shows.
	Observer Observer
	Log      *slog.Logger
}

func (c Config) validate() error {
	switch {
	case c.Reader == nil || c.Store == nil || c.Set == nil || c.Log == nil:
		return errors.New("a reader, a store, a set and a log are needed")
	case c.Poll < time.Millisecond:
		return fmt.Errorf("poll %s is less than a millisecond", c.Poll)
	case c.BirthHeight < 0 || c.ReorgLimit < 0 || c.StaleAfter < 0:
		return fmt.Errorf("birth height %d, reorg limit %d or stale limit %s is negative", c.BirthHeight, c.ReorgLimit, c.StaleAfter)
	}
	return nil
}

const (
	// blocksPerStep bounds one Step while the watcher catches up.
	blocksPerStep = 1000
	// retryMost bounds the pause after failures.
	retryMost = 10 * time.Second
)

// ErrTooDeep means that the node's best chain leaves ours below what may be taken
// back. Payments are halted; the watcher stands still until the node returns.
var ErrTooDeep = errors.New("the reorganisation is deeper than allowed")

// Watcher follows one chain. It has no state that a restart would lose but for
// how often a sighting was missed.
type Watcher struct {
	config Config
	// loaded is false until the set has the addresses; stale is true while the
	// set's coins may differ from the store's.
	loaded, stale bool
	// at is where the last complete look at the chain ended.
	at chain.Ref
	// siblings is the index from which on siblings' addresses are not in the set yet.
	siblings uint32
	// unseen is what was told that the node does not show.
	unseen string
	mempool
	feed chain.Feed
	// final is what the node called safe and finalized when it was last asked; asked is
	// true from then on to the end of a Step.
	final chain.Final
	asked bool
}

// New makes a watcher; Run or Step does the work.
func New(c Config) (*Watcher, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("watcher: %w", err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Watcher{config: c, stale: true, mempool: newMempool(), feed: chain.NewFeed(c.Now())}, nil
}

// Run follows the chain until ctx ends. Failures are logged and tried again.
func (w *Watcher) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	pause := w.config.Poll
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-w.config.Wake:
		}
		err := w.Step(ctx)
		if ctx.Err() != nil {
			return nil
		}
		w.beat(ctx)
		if err == nil {
			pause = w.config.Poll
		} else {
			pause = min(2*pause, max(retryMost, w.config.Poll))
			w.config.Log.Warn("the chain can't be followed now, will try again",
				"chain", w.config.Reader.Chain(), "pause", pause, "error", err)
		}
		timer.Reset(pause)
	}
}

// Step processes what the node shows now: blocks up to its tip (a bounded number)
// and, if it gets there, the mempool. It may be called again after any error.
func (w *Watcher) Step(ctx context.Context) error {
	if err := w.load(ctx); err != nil {
		return err
	}
	w.asked = false
	for range blocksPerStep {
		cursor, err := w.cursor(ctx)
		if err != nil {
			return err
		}
		tip, err := w.config.Reader.Tip(ctx)
		if err != nil {
			return fmt.Errorf("ask for the tip: %w", err)
		}
		w.advanced(tip)
		w.config.Observer.tip(tip.Height)
		if err := w.tellUnseen(ctx); err != nil {
			return err
		}
		if cursor == tip {
			return w.arrive(ctx, cursor)
		}
		moved, err := w.move(ctx, cursor, tip)
		if err != nil || !moved {
			return err
		}
	}
	return nil
}

// arrive is reached with the cursor on the node's tip.
func (w *Watcher) arrive(ctx context.Context, cursor chain.Ref) error {
	if w.at != cursor {
		w.forget()
		if w.config.AtTip != nil {
			w.config.AtTip(ctx)
		}
		w.at = cursor
	}
	return w.look(ctx, cursor)
}

// load brings the set up to date with the store.
func (w *Watcher) load(ctx context.Context) error {
	if !w.loaded {
		addresses, err := w.config.Store.Addresses(ctx)
		if err != nil {
			return err
		}
		w.config.Set.Add(addresses...)
		w.loaded = true
	}
	if w.stale {
		coins, err := w.config.Store.Coins(ctx)
		if err != nil {
			return err
		}
		w.config.Set.SetCoins(coins)
		w.stale = false
	}
	return nil
}

// cursor reads where processing stands, and begins it where it never has.
func (w *Watcher) cursor(ctx context.Context) (chain.Ref, error) {
	at, begun, err := w.config.Store.Cursor(ctx)
	if err != nil || begun {
		return at, err
	}
	if w.config.BirthHeight > 0 {
		at, err = w.config.Reader.RefAt(ctx, w.config.BirthHeight)
	} else {
		at, err = w.config.Reader.Tip(ctx)
	}
	if err != nil {
		return at, fmt.Errorf("ask for the block to begin at: %w", err)
	}
	w.config.Log.Info("begin to watch", "chain", w.config.Reader.Chain(), "height", at.Height)
	return at, w.config.Store.Begin(ctx, at)
}
