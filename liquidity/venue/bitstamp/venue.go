package bitstamp

import (
	"fmt"
	"strings"
	"time"

	"ferry/liquidity/venue/feed"
)

// Name is the venue's in settings, logs and metrics.
const Name = "bitstamp"

// StreamURL and RestURL are the venue's bases.
const (
	StreamURL = "wss://ws.bitstamp.net"
	RestURL   = "https://www.bitstamp.net"
)

// rereadUsual is what Reread means by 0: how long a lost message may stay unnoticed.
const rereadUsual = 15 * time.Second

// Limits. The venue ends connections after 90 days and allows 10,000 requests in 10
// minutes.
const (
	life         = 23 * time.Hour
	maxFrame     = 1 << 20
	dialMost     = 100
	dialWindow   = 10 * time.Minute
	requestsMost = 600 // a minute, of all books together
	booksMost    = 25
)

// Config is what the venue's client needs.
type Config struct {
	feed.Market
	// RestURL is a base: "/api/v2/order_book/ethbtc/" is added.
	RestURL string
	// Reread is the age from which a book is compared with a snapshot.
	Reread time.Duration
}

// New is one market of the venue, named after the instrument: "ethbtc". It connects
// nothing yet.
func New(c Config) (*feed.Venue, error) {
	if c.Reread == 0 {
		c.Reread = rereadUsual
	}
	if c.Reread < 0 {
		return nil, fmt.Errorf("bitstamp: books can't be compared each %s", c.Reread)
	}
	market := strings.ToLower(string(c.Instrument.Base) + string(c.Instrument.Quote))
	return feed.New(feed.Config{Market: c.Market, Venue: Name, Name: channel(market), Life: life, MaxFrame: maxFrame, DialMost: dialMost, DialWindow: dialWindow,
		BooksMost: booksMost, Wire: func() feed.Wire { return wire{} },
		Snapshots: &feed.Snapshots{URL: strings.TrimSuffix(c.RestURL, "/") + "/api/v2/order_book/" + market + "/",
			Cost: 1, Limit: requestsMost, Per: time.Minute, Every: c.Reread},
		Open: func() feed.Protocol { return Open(market, c.Instrument) }})
}
