package feed

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Property: after any requests, what is subscribed to at the venue is what is wanted, a book
// that was to be told anew begins anew, and none is unsubscribed from that was not subscribed to.
func TestRequests(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var r requests
		names := []string{"a", "b", "c"}
		wanted, there, fresh := map[string]bool{}, map[string]bool{}, map[string]bool{}
		for range rapid.IntRange(1, 40).Draw(t, "acts") {
			name := rapid.SampledFrom(names).Draw(t, "name")
			switch act := rapid.IntRange(0, 2).Draw(t, "act"); {
			case !wanted[name]:
				r.join(name)
				wanted[name], fresh[name] = true, true
			case act == 0:
				r.leave(name)
				delete(wanted, name)
				delete(fresh, name)
			case act == 1:
				r.anew(name)
				fresh[name] = true
			}
			if rapid.IntRange(0, 3).Draw(t, "send") > 0 {
				continue
			}
			for _, n := range r.off {
				if !there[n] {
					t.Fatalf("%s is unsubscribed from, only %v are there", n, there)
				}
				delete(there, n)
			}
			for _, n := range r.on {
				if there[n] {
					t.Fatalf("%s is subscribed to twice", n)
				}
				there[n] = true
			}
			for _, n := range names {
				if wanted[n] != there[n] || fresh[n] && !slices.Contains(r.on, n) {
					t.Fatalf("%s: wanted %t, there %t, asked for %v", n, wanted[n], there[n], r.on)
				}
			}
			r.off, r.on = nil, nil
			clear(fresh)
		}
	})
}
