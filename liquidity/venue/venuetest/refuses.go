package venuetest

import (
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/venue/feed"
)

// Refuses checks that a client is made of good settings, and not with any of them
// missing or wrong.
func Refuses(t *testing.T, good func(address string, staleAfter time.Duration) feed.Market, open func(feed.Market) (*feed.Venue, error)) {
	t.Helper()
	if _, err := open(good("127.0.0.1:1", time.Second)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*feed.Market){
		"no address": func(c *feed.Market) { c.StreamURL = "" }, "http": func(c *feed.Market) { c.StreamURL = "http://127.0.0.1:1" },
		"no instrument": func(c *feed.Market) { c.Instrument = liquidity.Instrument{} }, "no limit": func(c *feed.Market) { c.StaleAfter = 0 },
		"no log": func(c *feed.Market) { c.Log = nil }, "no clock": func(c *feed.Market) { c.Now = nil },
	} {
		c := good("127.0.0.1:1", time.Second)
		change(&c)
		if _, err := open(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
