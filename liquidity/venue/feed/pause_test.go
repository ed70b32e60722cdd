package feed

import (
	"testing"
	"time"
)

// Test: pauses grow without a price, and with one where the venue's own word ends each connection; a
// price, or an offence after a long time, makes them short again.
func TestPauses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ending
		last, lasted, want time.Duration
	}{
		"the first":                    {ending{}, 0, time.Second, retryLeast},
		"nothing":                      {ending{}, time.Second, time.Second, 2 * time.Second},
		"nothing again and again":      {ending{}, retryMost, time.Hour, retryMost},
		"a price":                      {ending{priced: true}, time.Second, time.Second, retryLeast},
		"an offence":                   {ending{offended: true}, time.Second, time.Second, 2 * time.Second},
		"an offence after a price":     {ending{priced: true, offended: true}, time.Second, time.Second, 2 * time.Second},
		"the first of them":            {ending{priced: true, offended: true}, 0, time.Second, retryLeast},
		"an offence after a long time": {ending{priced: true, offended: true}, time.Second, calm, retryLeast},
	} {
		if got := c.pause(c.last, c.lasted); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
