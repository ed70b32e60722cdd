package feed

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"ferry/liquidity"
)

// Pauses between connections, and between attempts at a book.
const (
	retryLeast = 50 * time.Millisecond
	retryMost  = 5 * time.Second
)

// Venue is one instrument of a venue as a liquidity.Source.
type Venue struct {
	config   Config
	rest     *rest
	dials    *budget
	counters counting
}

var (
	_ liquidity.Source     = (*Venue)(nil)
	_ liquidity.GapCounter = (*Venue)(nil)
	_ liquidity.Classed    = (*Venue)(nil)
)

// New refuses a configuration that can't work; it connects nothing yet.
func New(c Config) (*Venue, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.BookWithin == 0 {
		c.BookWithin = bookWithin
	}
	if c.Class == "" {
		c.Class = liquidity.ClassExchange
	}
	v := &Venue{config: c, dials: &budget{limit: c.DialMost, per: c.DialWindow}}
	if c.Snapshots != nil {
		v.rest = newRest(*c.Snapshots, c.Now)
	}
	return v, nil
}

// Name implements liquidity.Source.
func (v *Venue) Name() string { return v.config.Venue }

// Class implements liquidity.Classed.
func (v *Venue) Class() string { return v.config.Class }

// Instrument implements liquidity.Source.
func (v *Venue) Instrument() liquidity.Instrument { return v.config.Instrument }

// StaleAfter implements liquidity.Source.
func (v *Venue) StaleAfter() time.Duration { return v.config.StaleAfter }

// Counters is what has happened so far. It is safe for concurrent use.
func (v *Venue) Counters() Counters { return v.counters.read() }

// Gaps implements liquidity.GapCounter: a wrong checksum is a gap that was found by
// its effect.
func (v *Venue) Gaps() int64 {
	c := v.Counters()
	return int64(c.Gaps + c.Checksums)
}

// Messages implements liquidity.MessageCounter.
func (v *Venue) Messages() int64 { return int64(v.Counters().Messages) }

// Stream implements liquidity.Source. A connection that gave a price makes the
// next pause short again.
func (v *Venue) Stream(ctx context.Context, deliver func(liquidity.Top)) error {
	pause := retryLeast
	for ctx.Err() == nil {
		if held := v.dials.take(v.config.Now(), 1); held > 0 {
			wait(ctx, held)
			continue
		}
		if v.follow(ctx, deliver) {
			pause = retryLeast
		}
		wait(ctx, jitter(pause))
		pause = min(2*pause, retryMost)
	}
	return nil
}

// follow delivers the tops of a connection, and of the ones that take over from it without an
// outage, until the last one has ended; then it delivers the outage. It reports whether there
// was any price.
func (v *Venue) follow(ctx context.Context, deliver func(liquidity.Top)) (priced bool) {
	f := &following{deliver: deliver, taken: make(chan struct{}, 1)}
	now, next := v.connect(ctx, f, &f.now), (*connection)(nil)
	leaving := now.leaving
	defer func() { now.stop(); next.stop() }()
	for {
		select {
		case <-leaving:
			leaving = nil
			if v.dials.take(v.config.Now(), 1) == 0 {
				next = v.connect(ctx, f, &f.next)
			}
			continue
		case <-f.taken:
		case <-now.done:
		case <-next.ended():
		}
		switch {
		case f.took(next):
			now.stop()
			now, next, leaving = next, nil, next.leaving
		case ended(now):
			if ctx.Err() != nil {
				return f.hadPrice()
			}
			v.lost(ctx, f, now.err)
			if next == nil {
				return f.hadPrice()
			}
			now, next, leaving = next, nil, next.leaving
		case next != nil && ended(next):
			// The one we have goes on for as long as the venue lets it.
			v.config.Log.WarnContext(ctx, "new venue connection failed, keeping the old one", "venue", v.config.Venue, "error", next.err)
			f.drop(next)
			next = nil
		}
	}
}

// lost tells the outage of a connection that has ended; the next one, if there is one, is told
// of from then on.
func (v *Venue) lost(ctx context.Context, f *following, err error) {
	name := v.config.Instrument.String()
	v.config.Log.WarnContext(ctx, "venue connection ended, will connect again", "venue", v.config.Venue, "instrument", name, "error", err)
	reason := "The connection to the venue of " + name + " is lost."
	if errors.Is(err, errStale) {
		reason = "The venue's feed of " + name + " is stale."
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.next == nil && f.now != nil && !ended(f.now) {
		return // the next one has taken over just now
	}
	f.now, f.next = f.next, nil
	f.deliver(v.outage(reason))
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
