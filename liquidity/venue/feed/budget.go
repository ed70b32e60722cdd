package feed

import (
	"sync"
	"time"
)

// budget bounds what is spent within any window of time, and holds everything back
// until a moment the venue names. It is safe for concurrent use.
type budget struct {
	limit int
	per   time.Duration

	mu     sync.Mutex
	spent  []expense
	closed time.Time
}

type expense struct {
	at   time.Time
	cost int
}

// take spends cost if that is within the limit and returns 0; otherwise it returns
// how long to wait before asking again.
func (b *budget) take(now time.Time, cost int) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if wait := b.closed.Sub(now); wait > 0 {
		return wait
	}
	sum := 0
	fresh := b.spent[:0]
	for _, e := range b.spent {
		if now.Sub(e.at) < b.per {
			fresh = append(fresh, e)
			sum += e.cost
		}
	}
	b.spent = fresh
	if sum+cost > b.limit && len(b.spent) > 0 {
		return b.spent[0].at.Add(b.per).Sub(now)
	}
	b.spent = append(b.spent, expense{now, cost})
	return 0
}

// closeUntil holds everything back until then; an earlier moment than one already
// named changes nothing.
func (b *budget) closeUntil(then time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if then.After(b.closed) {
		b.closed = then
	}
}
