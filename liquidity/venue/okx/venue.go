package okx

import (
	"time"

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
	dialMost   = 100
	dialWindow = 10 * time.Minute
	booksMost  = 25
)

// New is one instrument of the venue, named as it is here: "ETH-BTC". It connects
// nothing yet.
func New(m feed.Market) (*feed.Venue, error) {
	return feed.New(feed.Config{Market: m, Venue: Name, Name: m.Instrument.String(), Life: life, MaxFrame: maxFrame, DialMost: dialMost, DialWindow: dialWindow,
		BooksMost: booksMost, Wire: func() feed.Wire { return wire{} },
		Open: func() feed.Protocol { return Open(m.Instrument.String(), m.Instrument) }})
}
