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

// queue books for one payout asset, several in one transaction: bookings against one
// balance come one after the other in any case, and so share a commit.
type queue struct {
	book func(ctx context.Context, id asset.ID, batch []*request) error

	mu      sync.Mutex
	waiting map[asset.ID][]*request
	working map[asset.ID]bool
}

// put has the request booked and waits for it. Where ctx ends before, it may be booked
// or not; nobody has its quote, and it lapses.
func (q *queue) put(ctx context.Context, l liquidity.Lock, b liquidity.Bounds) (liquidity.Booking, error) {
	r := &request{ctx: ctx, lock: l, bounds: b, done: make(chan struct{})}
	id := l.Quote.Pair.To
	q.mu.Lock()
	if len(q.waiting[id]) >= queueMost {
		q.mu.Unlock()
		return liquidity.Booking{}, errQueueFull
	}
	q.waiting[id] = append(q.waiting[id], r)
	if !q.working[id] {
		q.working[id] = true
		go q.work(id) //nolint:gosec // it works for all that wait, whoever came first, and ends when nobody does
	}
	q.mu.Unlock()
	select {
	case <-r.done:
		return r.booking, r.err
	case <-ctx.Done():
		return liquidity.Booking{}, ctx.Err()
	}
}

// work books until nobody waits.
func (q *queue) work(id asset.ID) {
	for {
		batch := q.next(id)
		if batch == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), batchWithin)
		err := q.book(ctx, id, batch)
		cancel()
		if err != nil && len(batch) > 1 {
			q.alone(id, batch)
			continue
		}
		for _, r := range batch {
			r.err = err
			close(r.done)
		}
	}
}

// alone books each of a batch by itself, so that one that can't be does not keep the
// others from it.
func (q *queue) alone(id asset.ID, batch []*request) {
	for _, r := range batch {
		ctx, cancel := context.WithTimeout(r.ctx, batchWithin)
		r.err = q.book(ctx, id, []*request{r})
		cancel()
		close(r.done)
	}
}

// next takes a batch of those whose callers still wait; nil if there is none, and then
// nobody works for the asset any more.
func (q *queue) next(id asset.ID) []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	var batch []*request
	list := q.waiting[id]
	for len(list) > 0 && len(batch) < batchMost {
		if r := list[0]; r.ctx.Err() == nil {
			batch = append(batch, r)
		}
		list = list[1:]
	}
	q.waiting[id] = list
	if len(batch) == 0 {
		delete(q.waiting, id)
		q.working[id] = false
	}
	return batch
}
