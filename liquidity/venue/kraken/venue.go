package kraken

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/venue/feed"
)

// Name is the venue's in settings, logs and metrics.
const Name = "kraken"

// StreamURL is where the venue's public stream is.
const StreamURL = "wss://ws.kraken.com/v2"

// Limits. The venue ends no connection by age; one a day is replaced all the same, so
// that doing so is nothing special. It allows some 150 connections in 10 minutes.
const (
	life       = 24 * time.Hour
	maxFrame   = 1 << 20
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

// New is one symbol of the venue, named after the instrument: "ETH/BTC". It connects
// nothing yet.
func New(c Config) (*feed.Venue, error) {
	symbol := string(c.Instrument.Base) + "/" + string(c.Instrument.Quote)
	if strings.ContainsAny(symbol, "\"\\") {
		return nil, fmt.Errorf("kraken: symbol %.20q can't be", symbol)
	}
	return feed.New(feed.Config{Venue: Name, StreamURL: c.StreamURL, Instrument: c.Instrument, StaleAfter: c.StaleAfter, Life: life,
		MaxFrame: maxFrame, DialMost: dialMost, DialWindow: dialWindow, Log: c.Log, Now: c.Now,
		Open: func() feed.Protocol { return Open(symbol, c.Instrument, Depth) }})
}
