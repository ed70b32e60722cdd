package support

import (
	"fmt"
	"time"

	"ferry/swap"

	"ferry/cmd/ferry/internal/console"
)

// judge collects what needs a person.
func (s *Status) judge() {
	needs := func(format string, args ...any) { s.Needs = append(s.Needs, fmt.Sprintf(format, args...)) }
	late := func(t time.Time, limit time.Duration) bool { return s.At.Sub(t) > limit }
	for _, h := range s.Halts {
		needs("%s is halted: %s", h.Chain, h.Reason)
	}
	for _, c := range s.Reconciliations {
		if c.Off() {
			needs("%s: at block %d the books say %s and the node %s", c.Chain, c.Height, c.Book, c.Node)
		}
	}
	for _, c := range s.Swaps {
		if c.State == swap.Held {
			needs("swaps held: %d", c.Swaps)
		}
	}
	if s.OverdueCount > 0 {
		needs("swaps overdue: %s", atLeast(int64(s.OverdueCount), overdueMost))
	}
	if len(s.Parked) > 0 && late(s.Parked[0].At, parkedLate) {
		needs("facts parked: %s, the oldest for %s", atLeast(int64(s.ParkedCount), countedMost),
			console.Span(s.At.Sub(s.Parked[0].At)))
	}
	if m := s.Malformed; m.Newest != nil && !late(*m.Newest, malformedNew) {
		needs("records that are no facts arrived, the newest %s ago", console.Span(s.At.Sub(*m.Newest)))
	}
	for _, r := range s.Relays {
		if r.Oldest != nil && late(*r.Oldest, relayLate) {
			needs("%s tells nothing: %s messages wait, the oldest for %s", r.Schema,
				atLeast(r.Waiting, countedMost), console.Span(s.At.Sub(*r.Oldest)))
		}
	}
	for _, c := range s.Chains {
		if limit, ok := cursorLate[c.Chain]; ok && late(c.SeenAt, limit) {
			needs("%s: no block for %s", c.Chain, console.Span(s.At.Sub(c.SeenAt)))
		}
	}
	for _, p := range s.Payments {
		if p.Late > 0 {
			needs("%s payments %s for more than %s: %d", p.Chain, p.State, console.Span(paymentLate), p.Late)
		}
	}
	if len(s.Stuck) > 0 && !s.Stuck[0].Deferred { // those that are deferred come last
		needs("payments stand still: the first, %s, because: %s", s.Stuck[0].OrderID, s.Stuck[0].Reason)
	}
}

// atLeast writes a count that stops counting at most.
func atLeast(n int64, most int) string {
	if n >= int64(most) {
		return fmt.Sprintf("%d or more", most)
	}
	return fmt.Sprint(n)
}
