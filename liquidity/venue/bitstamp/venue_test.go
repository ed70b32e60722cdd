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
	return bitstamp.Config{RestURL: "http://" + address + "/bitstamp", Market: feed.Market{
		StreamURL: "ws://" + address + "/bitstamp", Instrument: ethBTC, StaleAfter: staleAfter, Log: venuetest.Quiet, Now: time.Now}}
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

// Books that share a connection.
func TestTogether(t *testing.T) {
	t.Parallel()
	venuetest.Together{Venue: bitstamp.Name,
		New: func(address string, i liquidity.Instrument, staleAfter time.Duration, lines *feed.Lines) (*feed.Venue, error) {
			c := config(address, staleAfter)
			c.Instrument, c.Lines = i, lines
			return bitstamp.New(c)
		},
	}.Run(t)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	market := func(address string, staleAfter time.Duration) feed.Market { return config(address, staleAfter).Market }
	venuetest.Refuses(t, market, func(m feed.Market) (*feed.Venue, error) {
		c := config("127.0.0.1:1", time.Second)
		c.Market = m
		return bitstamp.New(c)
	})
}

// A lost message leaves no trace but what a fresh snapshot shows: then it is counted,
// and the book is right again.
func TestGapIsFound(t *testing.T) {
	t.Parallel()
	x := venuetest.Simulate(t, bitstamp.Name)
	c := config(x.Address, 30*time.Second)
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
			if err := x.Inject(simulator.Fault{Kind: simulator.Gap, Count: 3}); err != nil {
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
