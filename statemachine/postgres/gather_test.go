package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/statemachine"
	"ferry/statemachine/postgres"
	"ferry/swap"
	"ferry/swap/bus"
)

// gathering holds every transaction up until it is let go, so that what is applied
// in the meantime waits behind the first ones.
type gathering struct {
	*bundle
	store *postgres.Gathered
	lock  pgx.Tx
	wg    sync.WaitGroup
	// swaps and errs are each partition's.
	swaps []string
	errs  []error
}

// gather makes a swap in each of n partitions and lets the first ones take all flights.
// Batch number stale, if there is one, starts where its partition is not.
func gather(t *testing.T, n, stale int) *gathering {
	t.Helper()
	g := &gathering{bundle: setup(t), errs: make([]error, n)}
	g.store = postgres.Gather(g.bundle.store)
	var folded []statemachine.Folded
	for p := range n {
		terms := g.terms(t)
		g.swaps = append(g.swaps, terms.Receipt.SwapID)
		batch := bus.Batch{Topic: bus.TopicFacts, Partition: int32(p), Next: 1, Records: []bus.Record{g.record(t, creation(terms))}}
		if err := g.handler.Handle(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		seen, err := g.record(t, deposit(terms, swap.FactDepositSeen, "0.01")).Fact()
		if err != nil {
			t.Fatal(err)
		}
		f, err := g.handler.Rules.Fold(terms.Receipt.SwapID, g.load(t, terms.Receipt.SwapID), []swap.Fact{seen})
		if err != nil {
			t.Fatal(err)
		}
		folded = append(folded, f)
	}
	var err error
	if g.lock, err = g.pool.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := g.lock.Exec(t.Context(), "LOCK TABLE swap_event IN SHARE MODE"); err != nil {
		t.Fatal(err)
	}
	for p := range n {
		from := int64(1)
		if p == stale {
			from = 7
		}
		g.wg.Go(func() {
			b := bus.Batch{Topic: bus.TopicFacts, Partition: int32(p), From: from, Next: from + 1}
			g.errs[p] = g.store.Apply(t.Context(), b, folded[p:p+1])
		})
		g.until(t, min(p+1, postgres.Flights), max(0, p+1-postgres.Flights))
	}
	return g
}

// until waits for so many flights and waiting batches.
func (g *gathering) until(t *testing.T, taken, waiting int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		a, b := g.store.Standing()
		if a == taken && b == waiting {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%d flights and %d waiting, want %d and %d", a, b, taken, waiting)
		case <-tick.C:
		}
	}
}

func (g *gathering) letGo(t *testing.T) {
	t.Helper()
	if err := g.lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.wg.Wait()
}

// Batches that wait at the same time become one transaction, each with its effect
// and its offset.
func TestGatheredTogether(t *testing.T) {
	t.Parallel()
	const waiting = 5
	g := gather(t, postgres.Flights+waiting, -1)
	g.letGo(t)
	for p, id := range g.swaps {
		if g.errs[p] != nil {
			t.Errorf("partition %d: %v", p, g.errs[p])
		}
		if got := g.load(t, id).Swap; got.Version != 2 || got.State != swap.DepositDetected {
			t.Errorf("swap %d is %s at %d", p, got.State, got.Version)
		}
		if next, err := g.store.LoadOffset(t.Context(), bus.TopicFacts, int32(p)); err != nil || next != 2 {
			t.Errorf("partition %d is at %d, %v", p, next, err)
		}
	}
	if n := g.count(t, "SELECT count(DISTINCT xid) FROM outbox WHERE key = ANY ($1)", g.swaps[postgres.Flights:]); n != waiting+1 {
		t.Errorf("%d transactions, want %d for the creations and one more", n, waiting)
	}
}

// One batch of several that is stale, here by its offset, stores nothing, and the
// others are stored all the same.
func TestGatheredStale(t *testing.T) {
	t.Parallel()
	g := gather(t, postgres.Flights+4, postgres.Flights+3)
	g.letGo(t)
	last := len(g.swaps) - 1
	for p, id := range g.swaps {
		state, next := swap.DepositDetected, int64(2)
		if p == last {
			state, next = swap.AwaitingDeposit, 1
		}
		if err := g.errs[p]; errors.Is(err, postgres.ErrStale) != (p == last) || (err != nil) != (p == last) {
			t.Errorf("partition %d: %v", p, err)
		}
		if got := g.load(t, id).Swap; got.State != state || got.Version != next {
			t.Errorf("swap %d is %s at %d, want %s at %d", p, got.State, got.Version, state, next)
		}
		if at, err := g.store.LoadOffset(t.Context(), bus.TopicFacts, int32(p)); err != nil || at != next {
			t.Errorf("partition %d is at %d, %v; want %d", p, at, err, next)
		}
	}
	for rows, want := range map[string]int{"swap_event WHERE swap_id": 1, "deposit WHERE swap_id": 0, "outbox WHERE key": 1} {
		if n := g.count(t, "SELECT count(*) FROM "+rows+" = $1", g.swaps[last]); n != want {
			t.Errorf("%d of %s, want %d: those of its creation", n, rows, want)
		}
	}
}

// A caller that gives up while it waits leaves nothing behind to be stored.
func TestGatheredGivesUp(t *testing.T) {
	t.Parallel()
	g := gather(t, postgres.Flights, -1)
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	b := bus.Batch{Topic: bus.TopicFacts, Partition: 99, Next: 1}
	go func() { gone <- g.store.Apply(ctx, b, nil) }()
	g.until(t, postgres.Flights, 1)
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	g.until(t, postgres.Flights, 0)
	g.letGo(t)
	if next, err := g.store.LoadOffset(t.Context(), bus.TopicFacts, 99); err != nil || next != 0 {
		t.Errorf("its partition is at %d, %v", next, err)
	}
}
