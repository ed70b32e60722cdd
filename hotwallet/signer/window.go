package signer

import (
	"fmt"
	"time"

	"ferry/swap/asset"
)

// span is a stretch of time that rolls along, counted in slots: what falls into one
// counts until all of the slot is older than the stretch, so never too short.
type span struct {
	name   string
	length time.Duration
	slot   time.Duration
}

// The stretches over which limits hold.
var (
	hour = span{name: "an hour", length: time.Hour, slot: time.Minute}
	day  = span{name: "a day", length: 24 * time.Hour, slot: 15 * time.Minute}
)

// slot is what was signed for in one slot of a span, told by its begin in seconds
// since 1970.
type slot struct {
	Begin int64       `json:"begin"`
	Units asset.Units `json:"units"`
}

// window is what was signed for of late. Its clock is the latest that was ever shown
// to it: one that is set back frees nothing.
type window struct {
	Latest time.Time `json:"latest"`
	Hour   []slot    `json:"hour"`
	Day    []slot    `json:"day"`
}

// slots are those of a span, the oldest first. There is one for each of its slots at
// most, and one besides.
func (w *window) slots(s span) *[]slot {
	if s == hour {
		return &w.Hour
	}
	return &w.Day
}

// expires is when what was signed for in a slot counts no more.
func (s span) expires(begin int64) time.Time {
	return time.Unix(begin, 0).Add(s.slot + s.length).UTC()
}

// advance takes the clock's word if it is later than what was seen, and drops what
// counts no more.
func (w *window) advance(now time.Time) {
	if now.After(w.Latest) {
		w.Latest = now.UTC()
	}
	for _, s := range []span{hour, day} {
		kept := w.slots(s)
		for len(*kept) > 0 && !w.Latest.Before(s.expires((*kept)[0].Begin)) {
			*kept = (*kept)[1:]
		}
	}
}

// used is what counts in a span now.
func (w *window) used(s span) (asset.Units, error) {
	var sum asset.Units
	for _, slot := range *w.slots(s) {
		var err error
		if sum, err = sum.Add(slot.Units); err != nil {
			return sum, fmt.Errorf("what was signed for in %s: %w", s.name, err)
		}
	}
	return sum, nil
}

// room is when units more would be within the limit if nothing else were signed; ok is
// false where they never are. The window is at the clock's time.
func (w *window) room(s span, units, limit asset.Units) (at time.Time, ok bool, err error) {
	if limit.Less(units) {
		return time.Time{}, false, nil
	}
	left, err := limit.Sub(units)
	if err != nil {
		return time.Time{}, false, err
	}
	used, err := w.used(s)
	if err != nil {
		return time.Time{}, false, err
	}
	at = w.Latest
	for _, slot := range *w.slots(s) {
		if !left.Less(used) {
			break
		}
		if used, err = used.Sub(slot.Units); err != nil {
			return time.Time{}, false, err
		}
		at = s.expires(slot.Begin)
	}
	return at, true, nil
}

// add counts units at the clock's time.
func (w *window) add(units asset.Units) error {
	for _, s := range []span{hour, day} {
		kept := w.slots(s)
		begin := w.Latest.Truncate(s.slot).Unix()
		if n := len(*kept); n == 0 || (*kept)[n-1].Begin != begin {
			*kept = append(*kept, slot{Begin: begin})
		}
		last := &(*kept)[len(*kept)-1]
		sum, err := last.Units.Add(units)
		if err != nil {
			return fmt.Errorf("count what is signed for: %w", err)
		}
		last.Units = sum
	}
	return nil
}
