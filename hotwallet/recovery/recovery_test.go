package recovery_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/recovery"
	"ferry/swap/asset"
)

// world is all that a recovery speaks to.
type world struct {
	mu       sync.Mutex
	plan     *recovery.Plan
	cursor   *chain.Ref
	tip      int64
	attested uint32
	// calls lists what was asked for, in order.
	calls []string
	burnt uint32
	away  error
	ended chan struct{}
}

func (w *world) Recovery(context.Context) (recovery.Plan, bool, error) {
	if w.plan == nil {
		return recovery.Plan{}, false, nil
	}
	return *w.plan, true, nil
}

func (w *world) BeginRecovery(_ context.Context, tip, from int64) (until, began int64, err error) {
	w.calls = append(w.calls, "begin")
	if w.plan.Until == nil {
		w.plan.Until = &tip
	}
	if w.plan.Began == nil {
		w.plan.Began = &from
	}
	return *w.plan.Until, *w.plan.Began, nil
}

func (w *world) FinishRecovery(context.Context) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.plan.Finished = true
	close(w.ended)
	return true, nil
}

func (w *world) Cursor(context.Context) (chain.Ref, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cursor == nil {
		return chain.Ref{}, false, nil
	}
	return *w.cursor, true, nil
}

func (w *world) Attested(context.Context) (uint32, error) { return w.attested, w.away }

func (w *world) BurnUpTo(_ context.Context, next uint32) error {
	w.calls, w.burnt = append(w.calls, "burn"), next
	return nil
}

func (w *world) siblings(context.Context) error {
	w.calls = append(w.calls, "siblings")
	return w.away
}

func (w *world) Tip(context.Context) (chain.Ref, error) {
	return chain.Ref{Height: w.tip}, w.away
}

func (w *world) recovery(t *testing.T) *recovery.Recovery {
	t.Helper()
	r, err := recovery.New(recovery.Config{Chain: asset.Bitcoin, Store: w, Issuer: w, Siblings: w.siblings, Node: w, Each: time.Millisecond, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func at(height int64) *int64 { return &height }

func TestStart(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	for name, c := range map[string]struct {
		world *world
		err   error
		calls []string
		burnt uint32
		birth int64 // of a deployment that says 3
		began int64
		until int64
	}{
		"never ordered": {world: &world{attested: 8, tip: 90}, birth: 3},
		"finished":      {world: &world{attested: 8, tip: 90, plan: &recovery.Plan{Highest: 7, Finished: true}}, birth: 3},
		"an empty database": {world: &world{attested: 8, tip: 90, plan: &recovery.Plan{Highest: -1, Gap: 20, Birth: at(50)}},
			calls: []string{"burn", "siblings", "begin"}, burnt: 28, birth: 50, began: 50, until: 90},
		"the highest is known": {world: &world{attested: 8, tip: 90, plan: &recovery.Plan{Highest: 7, Birth: at(50)}},
			calls: []string{"burn", "siblings", "begin"}, burnt: 8, birth: 50, began: 50, until: 90},
		"an old backup": {world: &world{attested: 8, tip: 90, cursor: &chain.Ref{Height: 70}, plan: &recovery.Plan{Highest: -1, Gap: 1}},
			calls: []string{"burn", "siblings", "begin"}, burnt: 9, birth: 3, began: 70, until: 90},
		"gone on after a restart": {world: &world{attested: 8, tip: 95, cursor: &chain.Ref{Height: 80},
			plan: &recovery.Plan{Highest: -1, Birth: at(50), Began: at(50), Until: at(90)}},
			calls: []string{"burn", "siblings", "begin"}, burnt: 8, birth: 50, began: 50, until: 90},
		"attestd has forgotten": {world: &world{attested: 7, tip: 90, plan: &recovery.Plan{Highest: 7}}, err: recovery.ErrMark, birth: 3},
		"attestd or node away":  {world: &world{attested: 8, tip: 90, away: away, plan: &recovery.Plan{Highest: 7}}, err: away, birth: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := c.world.recovery(t)
			if err := r.Start(t.Context()); !errors.Is(err, c.err) {
				t.Fatalf("start: %v, want %v", err, c.err)
			}
			if !slices.Equal(c.world.calls, c.calls) || c.world.burnt != c.burnt {
				t.Errorf("asked for %v, burnt below %d; want %v and %d", c.world.calls, c.world.burnt, c.calls, c.burnt)
			}
			if got := r.Birth(3); got != c.birth {
				t.Errorf("begins after %d, want %d", got, c.birth)
			}
			if c.calls != nil && (*c.world.plan.Began != c.began || *c.world.plan.Until != c.until) {
				t.Errorf("from %d to %d, want %d to %d", *c.world.plan.Began, *c.world.plan.Until, c.began, c.until)
			}
		})
	}
}

// It ends once, when the cursor has reached the last block, and not before.
func TestRunEnds(t *testing.T) {
	t.Parallel()
	w := &world{attested: 1, tip: 90, plan: &recovery.Plan{Highest: -1, Birth: at(50)}, ended: make(chan struct{})}
	r := w.recovery(t)
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	for height := int64(50); height <= 90; height++ {
		select {
		case <-w.ended:
			t.Fatalf("it ended below block %d", height)
		default:
		}
		w.mu.Lock()
		w.cursor = &chain.Ref{Height: height}
		w.mu.Unlock()
	}
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	select {
	case <-w.ended:
	case <-limit.C:
		t.Fatal("it did not end")
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from   recovery.Progress
		blocks int64
		took   time.Duration
		want   recovery.Progress
	}{
		"half way":      {recovery.Progress{Began: 100, Height: 150, Until: 200}, 20, 2 * time.Second, recovery.Progress{Percent: 50, Rate: 10, Left: 5 * time.Second}},
		"nothing moved": {recovery.Progress{Began: 100, Height: 100, Until: 200}, 0, time.Second, recovery.Progress{}},
		"at the end":    {recovery.Progress{Began: 100, Height: 210, Until: 200}, 10, time.Second, recovery.Progress{Percent: 100, Rate: 10}},
		"nothing to do": {recovery.Progress{Began: 100, Height: 100, Until: 100}, 0, 0, recovery.Progress{}},
		"slow":          {recovery.Progress{Began: 0, Height: 1, Until: 3}, 1, 10 * time.Second, recovery.Progress{Percent: 33, Left: 20 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.want.Began, c.want.Height, c.want.Until = c.from.Began, c.from.Height, c.from.Until
			if got := c.from.After(c.blocks, c.took); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}
