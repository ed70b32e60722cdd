package coinbase

import (
	"time"

	"ferry/liquidity/venue/feed"
)

// Name is the venue's in settings, logs and metrics.
const Name = "coinbase"

// StreamURL is where the venue's market data is.
const StreamURL = "wss://advanced-trade-ws.coinbase.com"

// Limits. The first message of a busy product has the whole book. The venue allows 8
// connections a second and address.
const (
	life       = 23 * time.Hour
	maxFrame   = 8 << 20
	dialMost   = 100
	dialWindow = 10 * time.Minute
	// booksMost are the books that one lost message makes suspect.
	booksMost = 20
)

// New is one product of the venue, named after the instrument: "ETH-BTC". It connects
// nothing yet.
func New(m feed.Market) (*feed.Venue, error) {
	return feed.New(feed.Config{Market: m, Venue: Name, Name: m.Instrument.String(), Life: life, MaxFrame: maxFrame, DialMost: dialMost, DialWindow: dialWindow,
		BooksMost: booksMost, Wire: func() feed.Wire { return &wire{} },
		Open: func() feed.Protocol { return open(m.Instrument.String(), m.Instrument, nil) }})
}
