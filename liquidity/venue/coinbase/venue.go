package coinbase

import (
	"log/slog"
	"time"

	"ferry/liquidity"
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
	dialMost   = 50
	dialWindow = 10 * time.Minute
)

// Config is what the venue's client needs.
type Config struct {
	StreamURL  string
	Instrument liquidity.Instrument
	// StaleAfter is the longest silence; the venue speaks each second.
	StaleAfter time.Duration
	Log        *slog.Logger
	Now        func() time.Time
}

// New is one product of the venue, named after the instrument: "ETH-BTC". It connects
// nothing yet.
func New(c Config) (*feed.Venue, error) {
	return feed.New(feed.Config{Venue: Name, StreamURL: c.StreamURL, Instrument: c.Instrument, StaleAfter: c.StaleAfter, Life: life,
		MaxFrame: maxFrame, DialMost: dialMost, DialWindow: dialWindow, Log: c.Log, Now: c.Now,
		Open: func() feed.Protocol { return Open(c.Instrument.String(), c.Instrument) }})
}
