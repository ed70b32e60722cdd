package binance_test

import (
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/venue/binance"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/simulator"
	"ferry/liquidity/venue/venuetest"
	"ferry/swap/asset"
)

// pace is a simulator in more of a hurry than others' tests: an event every 4 ms.
const pace = 2 * time.Millisecond

var ethBTC = liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}

func config(address string, staleAfter time.Duration) binance.Config {
	return binance.Config{StreamURL: "ws://" + address, RestURL: "http://" + address, Symbol: "ETHBTC", Instrument: ethBTC,
		StaleAfter: staleAfter, Weight: 6000, Log: venuetest.Quiet, Now: time.Now}
}

// simulate runs the venue on the address until it is stopped, or the test ends.
func simulate(t *testing.T, address string) venuetest.Exchange {
	t.Helper()
	return venuetest.Play(t, address, func(c *simulator.Config) { c.Venues, c.Every = []string{simulator.Binance}, pace })
}

// follow streams the client's tops until the test ends.
func follow(t *testing.T, address string, change func(*binance.Config)) *venuetest.Follower {
	t.Helper()
	c := config(address, 10*time.Second)
	if change != nil {
		change(&c)
	}
	v, err := binance.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return venuetest.Follow(t, v)
}

func TestFollows(t *testing.T) {
	t.Parallel()
	x := simulate(t, "127.0.0.1:0")
	f := follow(t, x.Address, nil)
	changes := map[liquidity.Level]bool{}
	for range 100 {
		changes[f.Await().Bid] = true
	}
	if len(changes) < 20 {
		t.Errorf("the bid had %d values only", len(changes))
	}
	if c := f.Counters(); c.Connections != 1 || c.Snapshots != 1 || c.Gaps+c.Crossed+c.Dry+c.Malformed+c.Stale != 0 {
		t.Errorf("counters %+v", c)
	}
}

// What every venue's client has to survive, besides what this one's own tests show.
func TestSuite(t *testing.T) {
	t.Parallel()
	gaps := func(c feed.Counters) uint64 { return c.Gaps }
	venuetest.Suite{Venue: simulator.Binance, Gap: gaps, Repeat: gaps, Fetched: true, Notice: true,
		New: func(address string, staleAfter time.Duration) (*feed.Venue, error) {
			return binance.New(config(address, staleAfter))
		},
	}.Run(t)
}

// Books that share a connection.
func TestTogether(t *testing.T) {
	t.Parallel()
	venuetest.Together{Venue: simulator.Binance, Gap: true, Named: true,
		New: func(address string, i liquidity.Instrument, staleAfter time.Duration, lines *feed.Lines) (*feed.Venue, error) {
			c := config(address, staleAfter)
			c.Symbol, c.Instrument, c.Lines = string(i.Base+i.Quote), i, lines
			return binance.New(c)
		},
	}.Run(t)
}
