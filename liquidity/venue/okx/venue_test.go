package okx_test

import (
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/okx"
	"ferry/liquidity/venue/venuetest"
	"ferry/swap/asset"
)

var ethBTC = liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}

func config(address string, staleAfter time.Duration) okx.Config {
	return okx.Config{StreamURL: "ws://" + address + "/okx/ws/v5/public", Instrument: ethBTC, StaleAfter: staleAfter, Log: venuetest.Quiet, Now: time.Now}
}

// Every fault of the simulator that applies: never a top from a suspect book, prices
// again afterwards, and a count.
func TestFaults(t *testing.T) {
	t.Parallel()
	venuetest.Suite{Venue: okx.Name, Gap: func(c feed.Counters) uint64 { return c.Gaps }, Repeat: func(c feed.Counters) uint64 { return c.Gaps }, Notice: true,
		New: func(address string, staleAfter time.Duration) (*feed.Venue, error) {
			return okx.New(config(address, staleAfter))
		},
	}.Run(t)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	if _, err := okx.New(config("127.0.0.1:1", time.Second)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*okx.Config){
		"no address": func(c *okx.Config) { c.StreamURL = "" }, "http": func(c *okx.Config) { c.StreamURL = "http://127.0.0.1:1" },
		"no instrument": func(c *okx.Config) { c.Instrument = liquidity.Instrument{} }, "no limit": func(c *okx.Config) { c.StaleAfter = 0 },
		"no log": func(c *okx.Config) { c.Log = nil }, "no clock": func(c *okx.Config) { c.Now = nil },
	} {
		c := config("127.0.0.1:1", time.Second)
		change(&c)
		if _, err := okx.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
