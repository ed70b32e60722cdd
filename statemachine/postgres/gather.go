package postgres

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"ferry/statemachine"
	"ferry/swap/bus"
)

const (
	// flights is how many transactions are under way at a time. Two took 40 % more
	// CPU time per transition than one, as each then gathers half as much.
	flights = 1
	// gatherMost bounds the swaps of one transaction of several batches.
	gatherMost = 512
	// PartitionsAtOnce is how many partitions swapd handles at a time: all that the
	// topic has, so that what comes in together is stored together.
	PartitionsAtOnce = 8
)

// Gathered is a Store whose batches are stored together with those of other
// partitions that wait at the same time: one transaction, one round trip, one wait
// for the disk. What each batch is promised stays the same: all of it or nothing,
// and Apply returns when its transaction has ended. A transaction of several that
// fails, for whatever reason, stores nothing, and each of its batches is then
// applied alone, so that none suffers for another.
//
// A batch that waits for nobody goes at once.
type Gathered struct {
	*Store
	flight chan struct{}

	mu      sync.Mutex
	waiting []*waiter
}

// waiter is a batch until its transaction has ended.
type waiter struct {
	batch  bus.Batch
	folded []statemachine.Folded
	// stored says whether the transaction it was part of was committed.
	stored chan bool
}

// Gather uses s, which has to have a connection for each of its flights.
func Gather(s *Store) *Gathered {
	return &Gathered{Store: s, flight: make(chan struct{}, flights)}
}

// Apply is Store.Apply's, for any number of goroutines with a partition each.
func (g *Gathered) Apply(ctx context.Context, b bus.Batch, folded []statemachine.Folded) error {
	w := &waiter{batch: b, folded: folded, stored: make(chan bool, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	g.mu.Unlock()
	select {
	case stored := <-w.stored:
		return g.unlessStored(ctx, stored, w)
	case <-ctx.Done():
		g.leave(w)
		return ctx.Err()
	case g.flight <- struct{}{}:
	}
	// Those the last flight has released are about to come: let them, or w goes alone.
	runtime.Gosched()
	group := g.take(w)
	if len(group) == 0 { // another flight has taken w since
		<-g.flight
		return g.await(ctx, w)
	}
	defer func() { <-g.flight }()
	if len(group) == 1 {
		return g.Store.Apply(ctx, b, folded)
	}
	stored := g.together(ctx, group) == nil
	for _, other := range group {
		other.stored <- stored
	}
	return g.unlessStored(ctx, stored, w)
}

// await is for a batch that another flight has taken.
func (g *Gathered) await(ctx context.Context, w *waiter) error {
	select {
	case stored := <-w.stored:
		return g.unlessStored(ctx, stored, w)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// together stores a group's batches in one transaction.
func (g *Gathered) together(ctx context.Context, group []*waiter) error {
	var batches []bus.Batch
	var folded []statemachine.Folded
	for _, w := range group {
		batches, folded = append(batches, w.batch), append(folded, w.folded...)
	}
	return g.apply(ctx, batches, folded)
}

// unlessStored applies a batch alone when its group's transaction has failed. Where
// it was committed all the same and only the answer was lost, the offset's guard
// says so.
func (g *Gathered) unlessStored(ctx context.Context, stored bool, w *waiter) error {
	if stored {
		return nil
	}
	return g.Store.Apply(ctx, w.batch, w.folded)
}

// take is w with all that fit beside it of those that wait, nobody if w is taken.
func (g *Gathered) take(w *waiter) []*waiter {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, w)
	if i < 0 {
		return nil
	}
	g.waiting = slices.Delete(g.waiting, i, i+1)
	group, swaps := []*waiter{w}, len(w.folded)
	for len(g.waiting) > 0 && swaps+len(g.waiting[0].folded) <= gatherMost {
		swaps += len(g.waiting[0].folded)
		group = append(group, g.waiting[0])
		g.waiting = slices.Delete(g.waiting, 0, 1)
	}
	return group
}

// leave forgets a batch that nobody has taken yet.
func (g *Gathered) leave(w *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.waiting, w); i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
}
