package rest

import (
	"sync"
	"time"
)

// Bucket is a token bucket: Limit tokens that come back evenly within Per. It is kept as
// the time at which it will be full again (the generic cell rate algorithm of ATM), so
// that no token is ever counted in fractions. It is safe for concurrent use.
type Bucket struct {
	limit int64
	per   time.Duration

	mu     sync.Mutex
	full   time.Time
	closed time.Time
}

// NewBucket is full. limit is at least 1.
func NewBucket(limit int64, per time.Duration) *Bucket { return &Bucket{limit: limit, per: per} }

// Take takes tokens and returns 0; or takes none and returns how long to wait.
func (b *Bucket) Take(now time.Time, tokens int64) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if wait := b.closed.Sub(now); wait > 0 {
		return wait
	}
	full := later(b.full, now).Add(b.cost(tokens))
	if wait := full.Sub(now) - b.per; wait > 0 {
		return wait
	}
	b.full = full
	return 0
}

// Used corrects the bucket by the venue's own counter of the present window: it is never
// fuller than that says.
func (b *Bucket) Used(now time.Time, tokens int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.full = later(b.full, now.Add(b.cost(min(tokens, b.limit))))
}

// CloseUntil gives nothing until then; an earlier moment than one already named changes
// nothing.
func (b *Bucket) CloseUntil(then time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = later(b.closed, then)
}

func (b *Bucket) cost(tokens int64) time.Duration {
	return b.per * time.Duration(tokens) / time.Duration(b.limit)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
