package postgres

import (
	"context"
	"errors"
	"sync"
	"time"

	"ferry/liquidity"
	"ferry/swap/asset"
)

// Limits of bookings that wait for one another.
const (
	// batchMost is how many bookings one transaction takes.
	batchMost = 128
	// queueMost is how many may wait for one payout asset.
	queueMost = 4096
	// turnsAtOnce is how many transactions of one asset are under way: one that commits, and
	// one that follows it.
	turnsAtOnce = 2
	// batchWithin bounds one transaction, the wait for other processes' included.
	batchWithin = 5 * time.Second
)

// errQueueFull means that more bookings wait than are worked off in good time.
var errQueueFull = errors.New("too many bookings are waiting")

// request is a booking that waits for its turn.
type request struct {
	ctx     context.Context //nolint:containedctx // of the call that waits for it
	lock    liquidity.Lock
	bounds  liquidity.Bounds
	booking liquidity.Booking
	err     error
	done    chan struct{}
}

// queue books for payout assets, several bookings in one transaction: those against one
// balance come one after the other in any case, and so share a commit.
type queue struct {
	book func(ctx context.Context, id asset.ID, batch []*request) error
	// within bounds one transaction: batchWithin.
	within time.Duration

	mu    sync.Mutex
	lines map[asset.ID]*line
}

// line is who waits for one payout asset, and how many are booked now, in how many turns.
type line struct {
	waiting        []*request
	working, taken int
}

// put has the request booked and waits for it. Where ctx ends before, it may be booked
// or not; nobody has its quote, and it lapses.
func (q *queue) put(ctx context.Context, l liquidity.Lock, b liquidity.Bounds) (liquidity.Booking, error) {
	r := &request{ctx: ctx, lock: l, bounds: b, done: make(chan struct{})}
	id := l.Quote.Pair.To
	q.mu.Lock()
	w := q.lines[id]
	if w == nil {
		w = &line{}
		q.lines[id] = w
	}
	if len(w.waiting) >= queueMost {
		q.mu.Unlock()
		return liquidity.Booking{}, errQueueFull
	}
	w.waiting = append(w.waiting, r)
	if w.ripe() {
		if batch := w.next(); batch != nil {
			go q.work(id, w, batch) //nolint:gosec // it works for all that wait, whoever came first, and ends when nobody does
		}
	}
	q.mu.Unlock()
	select {
	case <-r.done:
		return r.booking, r.err
	case <-ctx.Done():
		return liquidity.Booking{}, ctx.Err()
	}
}

// ripe reports whether a turn is to begin: at once where none is under way, and beside one
// where as many wait as it has.
func (w *line) ripe() bool {
	return w.working == 0 || w.working < turnsAtOnce && len(w.waiting) >= w.taken
}

// work books until nobody waits.
func (q *queue) work(id asset.ID, w *line, batch []*request) {
	for batch != nil {
		ctx, cancel := context.WithTimeout(context.Background(), q.within)
		err := q.book(ctx, id, batch)
		cancel()
		if err != nil && len(batch) > 1 {
			q.alone(id, batch)
		} else {
			for _, r := range batch {
				r.err = err
				close(r.done)
			}
		}
		batch = q.after(w, batch)
	}
}

// alone books each of a batch by itself, so that one that can't be does not keep the
// others from it.
func (q *queue) alone(id asset.ID, batch []*request) {
	for _, r := range batch {
		ctx, cancel := context.WithTimeout(r.ctx, q.within)
		r.err = q.book(ctx, id, []*request{r})
		cancel()
		close(r.done)
	}
}

// after ends a turn, and takes the next batch, if there is one to take.
func (q *queue) after(w *line, last []*request) []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	w.working--
	w.taken -= len(last)
	if !w.ripe() {
		return nil
	}
	return w.next()
}

// next takes a batch of those whose callers still wait; nil if there is none.
func (w *line) next() []*request {
	var batch []*request
	list := w.waiting
	for len(list) > 0 && len(batch) < batchMost {
		if r := list[0]; r.ctx.Err() == nil {
			batch = append(batch, r)
		}
		list = list[1:]
	}
	if w.waiting = list; len(list) == 0 {
		w.waiting = nil
	}
	if len(batch) > 0 {
		w.working++
		w.taken += len(batch)
	}
	return batch
}
