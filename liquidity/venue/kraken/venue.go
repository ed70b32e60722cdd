package kraken

import (
	"fmt"
	"strings"
	"time"

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
	dialMost   = 100
	dialWindow = 10 * time.Minute
	booksMost  = 25
)

// New is one symbol of the venue, named after the instrument: "ETH/BTC". It connects
// nothing yet.
func New(m feed.Market) (*feed.Venue, error) {
	symbol := string(m.Instrument.Base) + "/" + string(m.Instrument.Quote)
	if strings.ContainsAny(symbol, "\"\\") {
		return nil, fmt.Errorf("kraken: symbol %.20q can't be", symbol)
	}
	return feed.New(feed.Config{Market: m, Venue: Name, Name: symbol, Life: life, MaxFrame: maxFrame, DialMost: dialMost, DialWindow: dialWindow,
		BooksMost: booksMost, Kept: true, Wire: func() feed.Wire { return wire{depth: Depth} },
		Open: func() feed.Protocol { return Open(symbol, m.Instrument, Depth) }})
}
