package gateway

import (
	"context"
	"sync"
	"time"
)

// bounded is the context of one request: its id, its client and how long it may take. What
// it needs of package context is made when somebody asks for it, which a request that calls
// nobody never does: a timer, and a place among what the connection's end ends, cost more
// than such a request's own work.
type bounded struct {
	// connection is the context that the request came with.
	connection context.Context //nolint:containedctx // this is a context
	id, remote string
	// until bounds the request; the zero time is no bound.
	until time.Time

	mu     sync.Mutex
	timed  context.Context //nolint:containedctx // what others make of it
	cancel context.CancelFunc
	ended  bool
}

var _ context.Context = (*bounded)(nil)

// within is the context that ends as this one does.
func (b *bounded) within() context.Context {
	if b.until.IsZero() {
		return b.connection
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timed == nil {
		b.timed, b.cancel = context.WithDeadline(b.connection, b.until)
		if b.ended {
			b.cancel()
		}
	}
	return b.timed
}

// end says that the request is answered: whatever it has begun is to stop.
func (b *bounded) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	if b.cancel != nil {
		b.cancel()
	}
}

// Deadline implements context.Context.
func (b *bounded) Deadline() (time.Time, bool) { return b.within().Deadline() }

// Done implements context.Context.
func (b *bounded) Done() <-chan struct{} { return b.within().Done() }

// Err implements context.Context.
func (b *bounded) Err() error { return b.within().Err() }

// Value implements context.Context. Package context asks for what Done's channel belongs to
// in this way.
func (b *bounded) Value(key any) any {
	switch key {
	case keyRequestID:
		return b.id
	case keyClient:
		return clientOf(b.remote)
	}
	return b.within().Value(key)
}
