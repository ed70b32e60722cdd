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

func config(address string, staleAfter time.Duration) feed.Market {
	return feed.Market{StreamURL: "ws://" + address + "/okx/ws/v5/public", Instrument: ethBTC, StaleAfter: staleAfter, Log: venuetest.Quiet, Now: time.Now}
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

// Books that share a connection.
func TestTogether(t *testing.T) {
	t.Parallel()
	venuetest.Together{Venue: okx.Name, Gap: true, Named: true,
		New: func(address string, i liquidity.Instrument, staleAfter time.Duration, lines *feed.Lines) (*feed.Venue, error) {
			m := config(address, staleAfter)
			m.Instrument, m.Lines = i, lines
			return okx.New(m)
		},
	}.Run(t)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	venuetest.Refuses(t, config, okx.New)
}
