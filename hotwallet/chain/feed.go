package chain

import "time"

// Feed is the watchdog of a node: only a tip that moves counts as alive. A node that
// answers every call and stands still has lost its peers, one that does not answer is
// gone; both look the same to users. It is not safe for concurrent use.
type Feed struct {
	// Tip is the last one seen, Since when it was first seen, by our clock.
	Tip   Ref
	Since time.Time
	told  bool
}

// NewFeed begins to count now.
func NewFeed(now time.Time) Feed { return Feed{Since: now} }

// Advanced is told of each tip. It reports whether the node had been told to stand
// still and moves again.
func (f *Feed) Advanced(tip Ref, now time.Time) (again bool) {
	if tip == f.Tip {
		return false
	}
	again = f.told
	f.Tip, f.Since, f.told = tip, now, false
	return again
}

// Standing reports a tip that has stood still for a limit or longer, until Told says
// that somebody knows. A limit of 0 is none.
func (f *Feed) Standing(limit time.Duration, now time.Time) bool {
	return limit > 0 && !f.told && now.Sub(f.Since) >= limit
}

// Told ends the alarm of this standstill.
func (f *Feed) Told() { f.told = true }
