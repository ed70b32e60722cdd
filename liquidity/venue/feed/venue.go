package feed

import (
	"context"
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
	trunk    *trunk
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
	lines := c.Lines
	if lines == nil {
		lines = NewLines()
	}
	return &Venue{config: c, trunk: lines.trunk(c)}, nil
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

// Stream implements liquidity.Source.
func (v *Venue) Stream(ctx context.Context, deliver func(liquidity.Top)) error {
	who := &listener{venue: v, deliver: deliver}
	v.trunk.join(who)
	<-ctx.Done()
	v.trunk.leave(who)
	return nil
}

func (v *Venue) count(count func(*Counters)) { v.counters.add(count) }

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
