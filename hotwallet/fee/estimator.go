package fee

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

// The names of the sources.
const (
	SourceNode   = "node"
	SourceBlocks = "blocks"
	SourceWeb    = "web"
)

// Config is what an Estimator needs.
type Config struct {
	Chain asset.Chain
	// Market is the chain's adapter, Web a source from outside, nil for none.
	Market chain.Market
	Web    *Web
	Limits Limits
	// Target is within how many blocks payments should be mined, 3 if zero; Recent how many
	// of the newest blocks are looked at, 6 if zero.
	Target, Recent int
	// Each is how often the sources are asked, 15 s if zero; MaxAge how long an answer
	// counts, 10 min if zero.
	Each, MaxAge time.Duration
	// Observe, if not nil, is told of each estimate and of what each source said; it must
	// not block.
	Observe func(Estimate, []Reading)
	Now     func() time.Time
	Log     *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	if c.Target == 0 {
		c.Target = 3
	}
	if c.Recent == 0 {
		c.Recent = 6
	}
	if c.Each == 0 {
		c.Each = 15 * time.Second
	}
	if c.MaxAge == 0 {
		c.MaxAge = 10 * time.Minute
	}
	if c.Limits.Factor == 0 {
		c.Limits.Factor = 3
	}
	switch {
	case c.Market == nil || c.Now == nil || c.Log == nil:
		return c, errors.New("fee: the node, a clock or a log is missing")
	case c.Limits.Fallback == 0 || c.Limits.Ceiling < c.Limits.Fallback || c.Limits.Factor < 2:
		return c, fmt.Errorf("fee: fallback %d must be above 0 and at most the ceiling %d, the factor %d at least 2", c.Limits.Fallback, c.Limits.Ceiling, c.Limits.Factor)
	case c.Target < 1 || c.Target > 1008 || c.Recent < 1 || c.Recent > 144:
		return c, fmt.Errorf("fee: a target of %d blocks is not within 1 to 1008, or %d recent ones not within 1 to 144", c.Target, c.Recent)
	case c.Each < 0 || c.MaxAge < c.Each:
		return c, fmt.Errorf("fee: asking each %s, an answer must count for longer than %s", c.Each, c.MaxAge)
	case c.Web != nil && c.Chain.Family() != asset.UTXO:
		return c, fmt.Errorf("fee: a source from outside is for UTXO chains, not for %s", c.Chain)
	}
	return c, nil
}

// Estimator keeps what its sources said. It is safe for concurrent use.
type Estimator struct {
	config Config

	mu       sync.Mutex
	readings map[string]Reading
	floor    Reading
	looked   time.Time
	alarm    string // told last
}

// New checks the configuration. It asks nobody yet.
func New(c Config) (*Estimator, error) {
	c, err := c.withDefaults()
	return &Estimator{config: c, readings: map[string]Reading{}}, err
}

// Now is what to offer at this moment. It calls nobody.
func (e *Estimator) Now() Estimate {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.config.Now()
	var readings []Reading
	for _, r := range e.readings {
		readings = append(readings, r)
	}
	var floor chain.Rate
	if e.floor.fresh(now) {
		floor = e.floor.Rate
	}
	return Combine(readings, floor, e.config.Limits, now)
}

// Rate is Now's.
func (e *Estimator) Rate() chain.Rate { return e.Now().Rate }

// Run asks the sources until ctx ends; it returns nil then.
func (e *Estimator) Run(ctx context.Context) error {
	ticker := time.NewTicker(e.config.Each)
	defer ticker.Stop()
	for ctx.Err() == nil {
		e.Look(ctx)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	return nil
}

// Look asks every source once. One that has no answer keeps its last until that is old.
func (e *Estimator) Look(ctx context.Context) {
	c := e.config
	e.mu.Lock()
	e.looked = c.Now()
	e.mu.Unlock()
	ask := map[string]func() (chain.Rate, error){
		SourceNode:   func() (chain.Rate, error) { return c.Market.EstimateRate(ctx, c.Target) },
		SourceBlocks: func() (chain.Rate, error) { return c.Market.BlockRate(ctx, c.Recent) },
	}
	if c.Web != nil {
		ask[SourceWeb] = func() (chain.Rate, error) { return c.Web.Rate(ctx, c.Target) }
	}
	for name, source := range ask {
		if r, ok := e.read(ctx, name, source); ok {
			e.mu.Lock()
			e.readings[name] = r
			e.mu.Unlock()
		}
	}
	if r, ok := e.read(ctx, "floor", func() (chain.Rate, error) { return c.Market.FloorRate(ctx) }); ok {
		e.mu.Lock()
		e.floor = r
		e.mu.Unlock()
	}
	if ctx.Err() == nil {
		e.tell()
	}
}

func (e *Estimator) read(ctx context.Context, name string, source func() (chain.Rate, error)) (Reading, bool) {
	at := e.config.Now()
	rate, err := source()
	switch {
	case err == nil:
		return Reading{Source: name, Rate: rate, At: at, MaxAge: e.config.MaxAge}, true
	case ctx.Err() != nil:
	case errors.Is(err, chain.ErrNoEstimate): // a young or quiet chain has none for long
		e.config.Log.Debug("a source of fees has no answer", "chain", e.config.Chain, "source", name, "error", err)
	default:
		e.config.Log.Warn("a source of fees does not answer", "chain", e.config.Chain, "source", name, "error", err)
	}
	return Reading{}, false
}

// tell logs an alarm once, and its end.
func (e *Estimator) tell() {
	now := e.Now()
	e.mu.Lock()
	was := e.alarm
	e.alarm = now.Alarm
	var readings []Reading
	for _, r := range e.readings {
		readings = append(readings, r)
	}
	e.mu.Unlock()
	switch {
	case now.Alarm != "" && was == "":
		e.config.Log.Error("fees are in doubt", "chain", e.config.Chain, "rate", uint64(now.Rate), "alarm", now.Alarm)
	case now.Alarm == "" && was != "":
		e.config.Log.Info("fees are clear again", "chain", e.config.Chain, "rate", uint64(now.Rate), "sources", now.From)
	}
	if e.config.Observe != nil {
		e.config.Observe(now, readings)
	}
}
