package hedge

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// Parts are what a hedger is made of.
type Parts struct {
	Store  Store
	Venues []Trader
	// Fair is the price of an instrument in ticks; false while there is none that may be
	// traded by.
	Fair func(i liquidity.Instrument) (bid, ask uint64, ok bool)
	// Trusts, if not nil, reports whether a venue's book of an instrument may be believed now:
	// orders are not planned by one that pricing leaves out.
	Trusts func(venue string, i liquidity.Instrument) bool
	// Move, if not nil, is an instrument's standard deviation of a minute, in millionths.
	Move func(i liquidity.Instrument) int64
	// Brokers and Instance are as in liquidity.Parts.
	Brokers  []string
	Instance string
	Log      *slog.Logger
	Now      func() time.Time
	// Observe, if not nil, is called with each order's ending. It must not block.
	Observe func(venue string, ending Ending)
}

// Trader is a venue and what it costs.
type Trader struct {
	trade.Venue
	// FeeBPS is what it takes of a trade, in basis points.
	FeeBPS int64
	// Judged: swaps are priced from its book, so Trusts says when that is too far from the others.
	Judged bool
}

// Hedger keeps the positions within their bands.
type Hedger struct {
	// config is that of the start; live, if there is one, is what was changed of it since.
	config Config
	live   atomic.Pointer[Policies]
	Parts
	wake    chan struct{}
	wallets *wallets
	held    *holdings
	// traded says that what venues hold has changed.
	traded chan struct{}

	mu sync.Mutex
	// paused says until when a venue that refused is left alone.
	paused map[string]time.Time
	rules  map[string]trade.Rules
	// questions are those about open orders, by client id.
	questions map[string]*question
	// drawdown is what Drawdown told last, and read when; zero before the first time. marked
	// are the assets' last marks.
	drawdown int64
	read     time.Time
	marked   map[asset.ID]marked
}

// New validates the configuration; it connects nothing yet.
func New(c Config, p Parts) (*Hedger, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if p.Store == nil || len(p.Venues) == 0 || p.Fair == nil || p.Log == nil || p.Now == nil {
		return nil, errors.New("hedge: a store, venues, a fair price, a log and a clock are needed")
	}
	if p.Observe == nil {
		p.Observe = func(string, Ending) {}
	}
	return &Hedger{config: c, Parts: p, wake: make(chan struct{}, 1), traded: make(chan struct{}, 1),
		wallets: &wallets{available: map[asset.ID]swap.Balance{}}, held: &holdings{venues: map[string]map[asset.ID]asset.Units{}}, paused: map[string]time.Time{}, rules: map[string]trade.Rules{},
		questions: map[string]*question{}}, nil
}

// Run follows updates and hedges until ctx ends; then it returns nil.
func (h *Hedger) Run(ctx context.Context) error {
	consumer, err := h.consumer()
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return consumer.Run(ctx) })
	group.Go(func() error { h.look(ctx); return nil })
	group.Go(func() error { return bus.Follow(ctx, h.Brokers, bus.TopicBalances, h.Log, h.wallets.take) })
	group.Go(func() error { h.propose(ctx); return nil })
	return group.Wait()
}

// look looks at the positions each time something may have changed.
func (h *Hedger) look(ctx context.Context) {
	ticker := time.NewTicker(h.config.Every)
	defer ticker.Stop()
	for {
		if err := h.Round(ctx); err != nil && ctx.Err() == nil {
			h.Log.WarnContext(ctx, "positions were not brought back, will try again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-h.wake:
		}
	}
}

// Round resolves what is open and hedges what is outside of its band, each asset by itself.
func (h *Hedger) Round(ctx context.Context) error {
	h.reckon(ctx)
	c := h.current()
	positions, err := h.Store.Positions(ctx)
	if err != nil {
		return err
	}
	group, _ := errgroup.WithContext(ctx)
	problems := make([]error, len(positions))
	for n, p := range positions {
		group.Go(func() error {
			if len(p.Open) > 0 {
				problems[n] = h.resolveAll(ctx, p.Open)
			} else if policy, ok := c.Assets[p.Asset]; ok {
				problems[n] = h.hedge(ctx, c, p, policy)
			}
			return nil // one asset's trouble is no reason to stop the others
		})
	}
	_ = group.Wait() // never an error
	return errors.Join(problems...)
}

// Marks are the prices of all assets that are hedged.
func (h *Hedger) Marks() Marks {
	marks := Marks{}
	for id, p := range h.current().Assets {
		if bid, ask, ok := h.Fair(p.Instrument); ok {
			marks[id] = markAt(p.Instrument, middle(bid, ask))
		}
	}
	return marks
}

func middle(bid, ask uint64) uint64 { return bid + (ask-bid)/2 }

func (h *Hedger) isPaused(venue string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.Now().Before(h.paused[venue])
}

// pause leaves a venue alone for a while, and forgets its rules.
func (h *Hedger) pause(venue string, i liquidity.Instrument) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.paused[venue] = h.Now().Add(h.config.PauseFor)
	delete(h.rules, venue+" "+i.String())
}

// moves are the assets' standard deviations of a minute, where they are known.
func (h *Hedger) moves(c Config) map[asset.ID]int64 {
	moves := map[asset.ID]int64{}
	for id, p := range c.Assets {
		if h.Move != nil {
			moves[id] = h.Move(p.Instrument)
		}
	}
	return moves
}

// caps are the assets' on what counts before it is confirmed: nothing once as much is lost
// as may be, or while that is not known.
func (h *Hedger) caps(c Config) map[asset.ID]asset.Units {
	caps := map[asset.ID]asset.Units{}
	if used, known := h.Drawdown(); !known || used >= wholePPM {
		return caps
	}
	for id, p := range c.Assets {
		caps[id] = p.UnconfirmedMost
	}
	return caps
}
