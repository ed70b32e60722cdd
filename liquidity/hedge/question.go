package hedge

import (
	"time"

	"ferry/liquidity/trade"
)

// Pauses between two looks at an order that is not resolved.
const (
	askLeast = time.Second
	askMost  = 15 * time.Second
)

// question is what is known of an open order beyond its row: it saves asking again, and is
// found out anew after a restart.
type question struct {
	// report is the venue's last word on the order; absent says that it knew none after the
	// deadline.
	report *trade.Report
	absent bool
	// next is when to ask again, pause how long after that.
	next  time.Time
	pause time.Duration
}

// later asks again after a pause, which grows.
func (q *question) later(now time.Time) {
	q.pause = min(max(2*q.pause, askLeast), askMost)
	q.next = now.Add(q.pause)
}

// question is the one of an order; it is used by one goroutine at a time, because an asset's
// orders are resolved in turn.
func (h *Hedger) question(clientID string) *question {
	h.mu.Lock()
	defer h.mu.Unlock()
	q := h.questions[clientID]
	if q == nil {
		q = &question{}
		h.questions[clientID] = q
	}
	return q
}

// answered forgets an order that is resolved.
func (h *Hedger) answered(clientID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.questions, clientID)
}
