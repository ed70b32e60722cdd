package bitstamp_test

import (
	"context"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/venue/bitstamp"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/simulator"
	"ferry/liquidity/venue/venuetest"
	"ferry/swap/asset"
)

var ethBTC = liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}

func config(address string, staleAfter time.Duration) bitstamp.Config {
	return bitstamp.Config{StreamURL: "ws://" + address + "/bitstamp", RestURL: "http://" + address + "/bitstamp", Instrument: ethBTC, StaleAfter: staleAfter, Log: venuetest.Quiet, Now: time.Now}
}

// Every fault of the simulator that applies: never a top from a suspect book, prices
// again afterwards, and a count.
func TestFaults(t *testing.T) {
	t.Parallel()
	venuetest.Suite{Venue: bitstamp.Name, Fetched: true, Notice: true,
		New: func(address string, staleAfter time.Duration) (*feed.Venue, error) {
			return bitstamp.New(config(address, staleAfter))
		},
	}.Run(t)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	if _, err := bitstamp.New(config("127.0.0.1:1", time.Second)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*bitstamp.Config){
		"no address": func(c *bitstamp.Config) { c.StreamURL = "" }, "http": func(c *bitstamp.Config) { c.StreamURL = "http://127.0.0.1:1" },
		"no instrument": func(c *bitstamp.Config) { c.Instrument = liquidity.Instrument{} }, "no limit": func(c *bitstamp.Config) { c.StaleAfter = 0 },
		"no log": func(c *bitstamp.Config) { c.Log = nil }, "no clock": func(c *bitstamp.Config) { c.Now = nil },
	} {
		c := config("127.0.0.1:1", time.Second)
		change(&c)
		if _, err := bitstamp.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// A lost message leaves no trace but what a fresh snapshot shows: then it is counted,
// and the book is right again.
func TestGapIsFound(t *testing.T) {
	t.Parallel()
	server, address := venuetest.Simulate(t, bitstamp.Name)
	c := config(address, 30*time.Second)
	c.Reread = 2 * time.Second // within what 60 requests a minute allow
	v, err := bitstamp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tops := 0
	if err := v.Stream(ctx, func(top liquidity.Top) {
		if tops++; tops%20 == 10 && v.Gaps() == 0 {
			if err := server.Inject(simulator.Fault{Kind: simulator.Gap, Count: 3}); err != nil {
				t.Error(err)
			}
		}
		if v.Gaps() > 0 && top.Unavailable == "" {
			cancel()
		}
	}); err != nil {
		t.Fatal(err)
	}
	if n := v.Counters(); n.Gaps == 0 || n.Rereads == 0 || n.Connections != 1 {
		t.Errorf("counters %+v", n)
	}
}
