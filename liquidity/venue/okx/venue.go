package okx

import (
	"log/slog"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/venue/feed"
)

// Name is the venue's in settings, logs and metrics.
const Name = "okx"

// StreamURL is where the venue's public stream is.
const StreamURL = "wss://ws.okx.com:8443/ws/v5/public"

// Limits. The venue allows 3 connections a second and address, and 480 subscriptions
// an hour and connection.
const (
	life       = 23 * time.Hour
	maxFrame   = 1 << 20
	dialMost   = 50
	dialWindow = 10 * time.Minute
)

// Config is what the venue's client needs.
type Config struct {
	StreamURL  string
	Instrument liquidity.Instrument
	// StaleAfter is the longest silence.
	StaleAfter time.Duration
	Log        *slog.Logger
	Now        func() time.Time
}

// New is one instrument of the venue, named as it is here: "ETH-BTC". It connects
// nothing yet.
func New(c Config) (*feed.Venue, error) {
	return feed.New(feed.Config{Venue: Name, StreamURL: c.StreamURL, Instrument: c.Instrument, StaleAfter: c.StaleAfter, Life: life,
		MaxFrame: maxFrame, DialMost: dialMost, DialWindow: dialWindow, Log: c.Log, Now: c.Now,
		Open: func() feed.Protocol { return Open(c.Instrument.String(), c.Instrument) }})
}
