package binance

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
)

// Name is the venue's in settings, logs and metrics.
const Name = "binance"

// Config is what the venue's client needs.
type Config struct {
	// StreamURL and RestURL are the venue's bases, without a path:
	// "wss://data-stream.binance.vision" and "https://data-api.binance.vision" for
	// market data alone.
	StreamURL string
	RestURL   string
	// Symbol is the venue's name for the instrument: "ETHBTC".
	Symbol     string
	Instrument liquidity.Instrument
	// StaleAfter is the longest silence: then the book is no longer used and the
	// connection given up. The venue speaks every 100 ms where there is trade.
	StaleAfter time.Duration
	// Life is when a connection is replaced at the latest; the venue ends it after
	// 24 hours. 0 means 23 hours.
	Life time.Duration
	// Weight is how much of the venue's 6000 per minute snapshots may cost, at 50
	// each, of all books that share Lines. 0 means 4000.
	Weight int
	// Lines are what connections and Weight are shared by; nil means that they are its own.
	Lines *feed.Lines
	Log   *slog.Logger
	Now   func() time.Time
}

// What Config means by 0, and the venue's own bounds.
const (
	lifeUsual   = 23 * time.Hour
	lifeMost    = 24 * time.Hour
	weightUsual = 4000
	weightMost  = 6000
	// usedMost is how much of the venue's 6000 per minute may be used up on this
	// address, by whomever, before we hold back.
	usedMost   = 4800
	usedHeader = "X-Mbx-Used-Weight-1m"
)

// Limits of connecting. The venue allows 300 connections in 5 minutes.
const (
	dialMost   = 100
	dialWindow = 5 * time.Minute
	// booksMost is far from the 1024 streams that the venue allows on a connection: what is
	// wrong with one is to hit few books.
	booksMost = 25
)

// New is one symbol of Binance spot. It refuses a configuration that can't work, and
// connects nothing yet.
func New(c Config) (*feed.Venue, error) {
	if c.Life == 0 {
		c.Life = lifeUsual
	}
	if c.Weight == 0 {
		c.Weight = weightUsual
	}
	stream, err := base(c.StreamURL, "ws", "wss")
	if err != nil {
		return nil, err
	}
	api, err := base(c.RestURL, "http", "https")
	if err != nil {
		return nil, err
	}
	switch {
	case !validSymbol(c.Symbol):
		return nil, fmt.Errorf("binance: symbol %.40q is not of capital letters and digits", c.Symbol)
	case c.Life < 0 || c.Life >= lifeMost:
		return nil, errors.New("binance: a life below 24 hours is needed")
	case c.Weight < snapshotWeight || c.Weight > weightMost:
		return nil, fmt.Errorf("binance: the weight per minute must be from %d to %d", snapshotWeight, weightMost)
	}
	api.Path = "/api/v3/depth"
	api.RawQuery = url.Values{"symbol": {c.Symbol}, "limit": {strconv.Itoa(snapshotLimit)}}.Encode()
	return feed.New(feed.Config{
		Market: feed.Market{StreamURL: stream.String(), Instrument: c.Instrument, StaleAfter: c.StaleAfter, Lines: c.Lines, Log: c.Log, Now: c.Now},
		Venue:  Name, Name: streamOf(c.Symbol), BooksMost: booksMost, Wire: func() feed.Wire { return &wire{} }, Life: c.Life, MaxFrame: maxFrame, DialMost: dialMost, DialWindow: dialWindow,
		Snapshots: &feed.Snapshots{URL: api.String(), Cost: snapshotWeight, Limit: c.Weight, Per: time.Minute, Held: held},
		Open:      func() feed.Protocol { return Open(c.Symbol, c.Instrument) },
	})
}

// base reads one of the venue's addresses.
func base(text, plain, secure string) (*url.URL, error) {
	u, err := feed.Address(text, plain, secure)
	if err == nil && u.Path != "" && u.Path != "/" {
		err = fmt.Errorf("%q has a path", text)
	}
	if err != nil {
		return nil, fmt.Errorf("binance: %w", err)
	}
	return u, nil
}

// held holds back until the next minute, by which the venue counts, when most of
// the weight of this one is used up.
func held(h http.Header, now time.Time) time.Time {
	if used, err := strconv.Atoi(h.Get(usedHeader)); err == nil && used > usedMost {
		return now.Truncate(time.Minute).Add(time.Minute)
	}
	return time.Time{}
}

// protocol is the venue's messages about one book; the replica behind it does
// the work.
type protocol struct {
	*replica
	symbol     string
	instrument liquidity.Instrument
	fixed      fixed
}

var _ feed.Protocol = (*protocol)(nil)

// Open is a connection's state.
func Open(symbol string, i liquidity.Instrument) feed.Protocol {
	return &protocol{replica: newReplica(maxBook, snapshotLimit), symbol: symbol, instrument: i}
}

// Doubt implements feed.Protocol.
func (p *protocol) Doubt() {
	p.synced = false
	p.forget()
}

// Take implements feed.Protocol.
func (p *protocol) Take(raw []byte) (feed.Message, error) {
	e, ok := p.fixed.read(raw, p.symbol, p.instrument)
	if !ok {
		var err error
		if e, err = parseEvent(raw, p.symbol, p.instrument); err != nil {
			return feed.Message{}, err
		}
	}
	switch e.kind {
	case kindShutdown:
		return feed.Message{Kind: feed.Shutdown}, nil
	case kindDepth:
		return feed.Message{Kind: feed.Update, At: e.at}, p.take(e)
	default:
		return feed.Message{}, nil
	}
}

// Wants implements feed.Protocol. There must be an event before a snapshot, or
// nothing would say whether it is old.
func (p *protocol) Wants() bool { return !p.synced && len(p.kept) > 0 }

// Load implements feed.Protocol.
func (p *protocol) Load(body []byte) error {
	shot, err := parseSnapshot(body, p.instrument)
	if err != nil {
		return err
	}
	return p.load(shot)
}

// Trusted implements feed.Protocol.
func (p *protocol) Trusted() bool { return p.synced }

// Book implements feed.Protocol.
func (p *protocol) Book() *book.Book { return p.book }
