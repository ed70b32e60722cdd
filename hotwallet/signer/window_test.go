package signer

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/swap/asset"
)

// Whatever is signed for when, and however the clock is set: what counts in a span is
// all that was signed for in it by the latest clock, at most a slot's length more, and
// what room says is exactly when there is room.
func TestWindowAgainstAList(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type entry struct {
			at    time.Time
			units uint64
		}
		var w window
		var all []entry
		latest := time.Time{}
		clock := time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			// Back by up to two days, or on by up to two hours.
			step := rapid.OneOf(rapid.Int64Range(-2*24*3600, -1), rapid.Int64Range(0, 2*3600), rapid.Int64Range(0, 2*3600))
			clock = clock.Add(time.Duration(step.Draw(t, "seconds")) * time.Second)
			if clock.After(latest) {
				latest = clock
			}
			w.advance(clock)
			units := rapid.Uint64Range(1, 1000).Draw(t, "units")
			if err := w.add(asset.NewUnits(units)); err != nil {
				t.Fatal(err)
			}
			all = append(all, entry{latest, units})
			for _, s := range []span{hour, day} {
				var least, most uint64
				for _, e := range all {
					if age := latest.Sub(e.at); age < s.length {
						least, most = least+e.units, most+e.units
					} else if age < s.length+s.slot {
						most += e.units
					}
				}
				got, err := w.used(s)
				n, ok := got.Uint64()
				if err != nil || !ok || n < least || n > most {
					t.Fatalf("%s: %d is used (%v), want %d to %d", s.name, n, err, least, most)
				}
				if len(*w.slots(s)) > int(s.length/s.slot)+1 {
					t.Fatalf("%s: %d slots are kept", s.name, len(*w.slots(s)))
				}
				roomIsExact(t, w, s, n)
			}
		}
	})
}

// roomIsExact compares what room says with what is used just before and at that time.
func roomIsExact(t *rapid.T, w window, s span, used uint64) {
	limit := asset.NewUnits(rapid.Uint64Range(1, used+10).Draw(t, "limit"))
	units := asset.NewUnits(rapid.Uint64Range(1, 1000).Draw(t, "more"))
	at, ok, err := w.room(s, units, limit)
	if err != nil || ok == limit.Less(units) {
		t.Fatalf("room for %s of %s: %t, %v", units, limit, ok, err)
	}
	if !ok {
		return
	}
	fits := func(when time.Time) bool {
		var later window
		raw, err := json.Marshal(w)
		if err == nil {
			err = json.Unmarshal(raw, &later)
		}
		if err != nil {
			t.Fatal(err)
		}
		later.advance(when)
		used, err := later.used(s)
		if err != nil {
			t.Fatal(err)
		}
		sum, err := used.Add(units)
		if err != nil {
			t.Fatal(err)
		}
		return !limit.Less(sum)
	}
	if !fits(at) || at.After(w.Latest) && fits(at.Add(-time.Nanosecond)) {
		t.Fatalf("room for %s of %s in %s is said to be from %s on", units, limit, s.name, at)
	}
}
