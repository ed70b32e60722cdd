package recovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// DiscoveryGap is BIP44's: how many addresses in a row may be unused until the next
// used one. Here it only widens what is known; a service that hands out addresses
// nobody pays exceeds it, so that the highest index is what counts.
const DiscoveryGap = 20

// Plan is what an operator ordered, and how far it is.
type Plan struct {
	// Highest is the highest deposit index known to be issued, -1 if only attestd
	// knows; Gap indices more are burnt.
	Highest int64
	Gap     uint32
	// Birth is the block to begin after where there is no cursor; nil if there is one.
	Birth *int64
	// Until is the last block of it, Began the block after which it began reading; nil
	// before it has begun.
	Until, Began *int64
	StartedAt    time.Time
	Finished     bool
}

// Store keeps the plan. Each write is one transaction.
type Store interface {
	// Recovery is the chain's newest plan; false if there never was one.
	Recovery(ctx context.Context) (Plan, bool, error)
	// BeginRecovery sets the last block and the first, unless they are set already,
	// and returns them.
	BeginRecovery(ctx context.Context, tip, from int64) (until, began int64, err error)
	// FinishRecovery ends it if the cursor has reached the last block; false otherwise.
	FinishRecovery(ctx context.Context) (bool, error)
	// Cursor is the last block processed; false before the first.
	Cursor(ctx context.Context) (chain.Ref, bool, error)
}

// Issuer has addresses watched and never issued; *issue.Issuer is one.
type Issuer interface {
	// Attested is the highest index attestd has attested, plus one.
	Attested(ctx context.Context) (next uint32, err error)
	// BurnUpTo watches and burns every deposit address below an index.
	BurnUpTo(ctx context.Context, next uint32) error
}

// Node is asked for its tip once.
type Node interface {
	Tip(ctx context.Context) (chain.Ref, error)
}

// Config is what a recovery needs.
type Config struct {
	Chain  asset.Chain
	Store  Store
	Issuer Issuer
	Node   Node
	// Siblings, if not nil, has the forms watched that another chain's deposit addresses
	// have on this one, as far as attestd has attested them. The other chain's rows may be
	// lost too, and be recovered only later.
	Siblings func(ctx context.Context) error
	// Each is how often progress is told; 5 s if zero.
	Each time.Duration
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	Log *slog.Logger
}

// ErrMark means that attestd would attest indices again that were issued.
var ErrMark = errors.New("attestd's mark is below the highest issued index")

// Recovery is a chain's, under way or not.
type Recovery struct {
	config Config
	active bool
	until  int64
	began  int64
	birth  int64
}

// New checks the configuration; Start finds out whether there is anything to do.
func New(c Config) (*Recovery, error) {
	if c.Store == nil || c.Issuer == nil || c.Node == nil || c.Log == nil {
		return nil, errors.New("recovery: a store, an issuer, a node or a log is missing")
	}
	if c.Each == 0 {
		c.Each = 5 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Recovery{config: c}, nil
}

// Start begins the recovery that was ordered, or goes on with it: the addresses are
// burnt and watched, and the last block is fixed. It comes before the first address is
// issued and the first block read, and does nothing where nothing was ordered.
func (r *Recovery) Start(ctx context.Context) error {
	plan, ordered, err := r.config.Store.Recovery(ctx)
	if err != nil || !ordered || plan.Finished {
		return err
	}
	next, err := r.config.Issuer.Attested(ctx)
	if err != nil {
		return err
	}
	if int64(next) <= plan.Highest {
		return fmt.Errorf("index %d of %s was issued, and attestd would attest from %d on: stop it and run attestd raise %s %d: %w",
			plan.Highest, r.config.Chain, next, r.config.Chain, plan.Highest, ErrMark)
	}
	if err := r.config.Issuer.BurnUpTo(ctx, next+plan.Gap); err != nil {
		return err
	}
	if r.config.Siblings != nil {
		if err := r.config.Siblings(ctx); err != nil {
			return err
		}
	}
	at, begun, err := r.config.Store.Cursor(ctx)
	if err != nil {
		return err
	}
	from := at.Height
	if plan.Birth != nil {
		r.birth = *plan.Birth
		if !begun {
			from = r.birth
		}
	}
	tip, err := r.config.Node.Tip(ctx)
	if err != nil {
		return fmt.Errorf("ask for the block up to which %s is recovered: %w", r.config.Chain, err)
	}
	if r.until, r.began, err = r.config.Store.BeginRecovery(ctx, tip.Height, from); err != nil {
		return err
	}
	r.active = true
	r.config.Log.Warn("recovering from the chain; payments stand still", "chain", r.config.Chain,
		"after", r.began, "until", r.until, "burnt_below", next+plan.Gap)
	return nil
}

// Birth is the block to begin after on a chain without a cursor: the order's while one
// is under way, otherwise the deployment's.
func (r *Recovery) Birth(deployed int64) int64 {
	if r.active && r.birth > 0 {
		return r.birth
	}
	return deployed
}

// Run tells how far the recovery is until it has ended; then, or if there is none, it
// waits for the end of ctx. It returns nil.
func (r *Recovery) Run(ctx context.Context) error {
	ticker := time.NewTicker(r.config.Each)
	defer ticker.Stop()
	began := r.config.Now()
	first := int64(-1)
	for r.active {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		at, begun, err := r.config.Store.Cursor(ctx)
		if err == nil && begun {
			if first < 0 {
				first = at.Height
			}
			err = r.tell(ctx, at.Height, at.Height-first, r.config.Now().Sub(began))
		}
		if err != nil && ctx.Err() == nil {
			r.config.Log.Warn("how far the recovery is could not be told, will try again", "chain", r.config.Chain, "error", err)
		}
	}
	<-ctx.Done()
	return nil
}

// tell logs the progress, and the end.
func (r *Recovery) tell(ctx context.Context, height, done int64, took time.Duration) error {
	if height < r.until {
		p := Progress{Began: r.began, Height: height, Until: r.until}.After(done, took)
		r.config.Log.Info("recovering", "chain", r.config.Chain, "height", height, "until", r.until,
			"percent", p.Percent, "blocks_per_second", p.Rate, "left", p.Left.String())
		return nil
	}
	finished, err := r.config.Store.FinishRecovery(ctx)
	if err != nil {
		return err
	}
	r.active = false
	if finished {
		r.config.Log.Warn("recovered; compare the books and then resume the chain's payments", "chain", r.config.Chain, "height", height)
	}
	return nil
}
