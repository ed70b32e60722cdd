package binance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"time"

	"ferry/liquidity"
)

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
	// each. 0 means 1000.
	Weight int
	Log    *slog.Logger
	Now    func() time.Time
}

// What Config means by 0, and the venue's own bounds.
const (
	lifeUsual   = 23 * time.Hour
	lifeMost    = 24 * time.Hour
	weightUsual = 1000
	weightMost  = 6000
)

// Limits of connecting. The venue allows 300 connections in 5 minutes.
const (
	dialTimeout = 3 * time.Second
	dialMost    = 100
	dialWindow  = 5 * time.Minute
	retryLeast  = 50 * time.Millisecond
	retryMost   = 5 * time.Second
)

// Venue is one symbol of Binance spot as a liquidity.Source.
type Venue struct {
	config   Config
	url      string
	rest     *rest
	dials    *budget
	counters counting
}

var (
	_ liquidity.Source     = (*Venue)(nil)
	_ liquidity.GapCounter = (*Venue)(nil)
)

// New refuses a configuration that can't work; it connects nothing yet.
func New(c Config) (*Venue, error) {
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
	if err := c.Instrument.Validate(); err != nil {
		return nil, fmt.Errorf("binance: %w", err)
	}
	switch {
	case !validSymbol(c.Symbol):
		return nil, fmt.Errorf("binance: symbol %.40q is not of capital letters and digits", c.Symbol)
	case c.StaleAfter <= 0 || c.Life < 0 || c.Life >= lifeMost:
		return nil, errors.New("binance: a staleness limit is needed, and a life below 24 hours")
	case c.Weight < snapshotWeight || c.Weight > weightMost:
		return nil, fmt.Errorf("binance: the weight per minute must be from %d to %d", snapshotWeight, weightMost)
	case c.Log == nil || c.Now == nil:
		return nil, errors.New("binance: a log and a clock are needed")
	}
	stream.Path = streamPath(c.Symbol)
	return &Venue{
		config: c, url: stream.String(), rest: newRest(api, c.Symbol, c.Weight, c.Now),
		dials: &budget{limit: dialMost, per: dialWindow},
	}, nil
}

// base reads one of the venue's addresses.
func base(text, plain, secure string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != plain && u.Scheme != secure) || u.Host == "" || u.Path != "" && u.Path != "/" || u.User != nil {
		return nil, fmt.Errorf("binance: %q is not an address %s://host or %s://host", text, plain, secure)
	}
	return u, nil
}

// Instrument implements liquidity.Source.
func (v *Venue) Instrument() liquidity.Instrument { return v.config.Instrument }

// StaleAfter implements liquidity.Source.
func (v *Venue) StaleAfter() time.Duration { return v.config.StaleAfter }

// Counters is what has happened so far. It is safe for concurrent use.
func (v *Venue) Counters() Counters { return v.counters.read() }

// Gaps implements liquidity.GapCounter.
func (v *Venue) Gaps() int64 { return int64(v.Counters().Gaps) }

// Stream implements liquidity.Source. A connection that gave a price makes the
// next pause short again.
func (v *Venue) Stream(ctx context.Context, deliver func(liquidity.Top)) error {
	pause := retryLeast
	for ctx.Err() == nil {
		if held := v.dials.take(v.config.Now(), 1); held > 0 {
			wait(ctx, held)
			continue
		}
		if v.follow(ctx, v.connect(ctx), deliver) {
			pause = retryLeast
		}
		wait(ctx, jitter(pause))
		pause = min(2*pause, retryMost)
	}
	return nil
}

// follow delivers a connection's tops, and those of the ones that take over from
// it without an outage, until the last one has ended; then it delivers the outage.
// It reports whether there was any price.
func (v *Venue) follow(ctx context.Context, now *connection, deliver func(liquidity.Top)) (priced bool) {
	next := none()
	leaving := now.leaving
	defer func() { now.stop(); next.stop() }()
	for {
		select {
		case top, open := <-now.tops:
			if open {
				priced = priced || top.Unavailable == ""
				deliver(top)
				continue
			}
			if ctx.Err() != nil {
				return priced
			}
			v.lost(ctx, now.err, deliver)
			if next.tops == nil {
				return priced
			}
			now, next = next, none()
			leaving = now.leaving
		case <-leaving:
			leaving = nil
			if v.dials.take(v.config.Now(), 1) == 0 {
				next = v.connect(ctx)
			}
		case top, open := <-next.tops:
			switch {
			case !open:
				// The one we have goes on for as long as the venue lets it.
				v.config.Log.WarnContext(ctx, "new venue connection failed, keeping the old one", "error", next.err)
				next = none()
			case top.Unavailable == "":
				now.stop()
				now, next = next, none()
				leaving = now.leaving
				v.counters.add(func(c *Counters) { c.Handovers++ })
				deliver(top)
			}
		}
	}
}

// lost tells the outage of a connection that has ended.
func (v *Venue) lost(ctx context.Context, err error, deliver func(liquidity.Top)) {
	name := v.config.Instrument.String()
	v.config.Log.WarnContext(ctx, "venue connection ended, will connect again", "instrument", name, "error", err)
	reason := "The connection to the venue of " + name + " is lost."
	if errors.Is(err, errStale) {
		reason = "The venue's feed of " + name + " is stale."
	}
	deliver(v.outage(reason))
}

func (v *Venue) outage(reason string) liquidity.Top {
	return liquidity.Top{Instrument: v.config.Instrument, ReceivedAt: v.config.Now(), Unavailable: reason}
}

// jitter is from half of d to all of it, so that clients of a venue that comes
// back do not all knock at once.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1) //nolint:gosec // spreads load, guards nothing
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
