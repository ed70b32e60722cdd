package coinbase_test

import (
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/venue/coinbase"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/venuetest"
	"ferry/swap/asset"
)

var ethBTC = liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}

func config(address string, staleAfter time.Duration) coinbase.Config {
	return coinbase.Config{StreamURL: "ws://" + address + "/coinbase", Instrument: ethBTC, StaleAfter: staleAfter, Log: venuetest.Quiet, Now: time.Now}
}

// Every fault of the simulator that applies: never a top from a suspect book, prices
// again afterwards, and a count.
func TestFaults(t *testing.T) {
	t.Parallel()
	venuetest.Suite{Venue: coinbase.Name, Gap: func(c feed.Counters) uint64 { return c.Gaps }, Repeat: func(c feed.Counters) uint64 { return c.Gaps },
		New: func(address string, staleAfter time.Duration) (*feed.Venue, error) {
			return coinbase.New(config(address, staleAfter))
		},
	}.Run(t)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	if _, err := coinbase.New(config("127.0.0.1:1", time.Second)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*coinbase.Config){
		"no address": func(c *coinbase.Config) { c.StreamURL = "" }, "http": func(c *coinbase.Config) { c.StreamURL = "http://127.0.0.1:1" },
		"no instrument": func(c *coinbase.Config) { c.Instrument = liquidity.Instrument{} }, "no limit": func(c *coinbase.Config) { c.StaleAfter = 0 },
		"no log": func(c *coinbase.Config) { c.Log = nil }, "no clock": func(c *coinbase.Config) { c.Now = nil },
	} {
		c := config("127.0.0.1:1", time.Second)
		change(&c)
		if _, err := coinbase.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
