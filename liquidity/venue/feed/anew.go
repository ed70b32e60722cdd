package feed

import (
	"errors"
	"time"

	"ferry/liquidity"
)

// suspicious reports an error that makes a book suspect and no more.
func suspicious(err error) bool {
	return errors.Is(err, ErrGap) || errors.Is(err, ErrChecksum) || errors.Is(err, ErrCrossed) || errors.Is(err, ErrDry)
}

// suspect counts why the book can't be trusted and tells it, once.
func (b *subscription) suspect(wasTrusted bool, err error) {
	b.countFaults(err)
	b.asked = false
	config := &b.who.venue.config
	config.Log.WarnContext(b.session.ctx, "venue book is suspect, will read it again", "venue", config.Venue, "instrument", config.Instrument.String(), "error", err)
	if wasTrusted {
		b.bePatient()
		b.deliver(b.faulty())
	}
}

func (b *subscription) countFaults(err error) {
	b.countIf(ErrGap, err, func(c *Counters) { c.Gaps++ })
	b.countIf(ErrChecksum, err, func(c *Counters) { c.Checksums++ })
	b.countIf(ErrCrossed, err, func(c *Counters) { c.Crossed++ })
	b.countIf(ErrDry, err, func(c *Counters) { c.Dry++ })
}

// ask has the book told anew where that is needed and may be asked for.
func (b *subscription) ask() {
	if b.waiting || b.over || b.session.failed != nil {
		return
	}
	if b.session.trunk.rest != nil {
		b.fetch()
		return
	}
	if !b.protocol.Trusted() && !b.asked {
		b.anew()
	}
}

// anew subscribes anew. The next time, if this one fails too, comes after a pause.
func (b *subscription) anew() {
	b.asked = true
	b.again(jitter(b.pause))
	b.pause = min(2*b.pause, retryMost)
	b.count(func(c *Counters) { c.Resubscribed++ })
	b.session.request.anew(b.who.name())
}

func (b *subscription) faulty() liquidity.Top {
	return b.who.venue.outage("The book of " + b.who.venue.config.Instrument.String() + " has a fault and is being read again.")
}

// fetch requests a snapshot when the protocol wants one, or its book is old.
func (b *subscription) fetch() {
	if b.fetching || !b.protocol.Wants() && !(b.due && b.protocol.Trusted()) {
		return
	}
	rest := b.session.trunk.rest
	if held := rest.budget.take(rest.now(), rest.Cost); held > 0 {
		b.again(held)
		return
	}
	b.fetching = true
	b.session.fetches.Go(func() {
		body, err := rest.fetch(b.session.ctx, b.who.venue.config.Snapshots.URL)
		b.turn(func() {
			b.fetching = false
			b.arrived(body, err)
		})()
	})
}

// again asks after d.
func (b *subscription) again(d time.Duration) {
	b.waiting = true
	b.retry.Reset(d)
}

// arrived takes the answer to fetch. Whatever is wrong with it, another one is asked
// for after a pause. A trusted book that turns out to differ is replaced at once:
// there is nothing to wait for, but the difference counts.
func (b *subscription) arrived(body []byte, err error) {
	trusted := b.protocol.Trusted()
	if err == nil {
		err = b.protocol.Load(body)
	}
	if trusted && (err == nil || suspicious(err)) {
		b.count(func(c *Counters) { c.Rereads++ })
		b.countFaults(err)
	}
	if b.protocol.Trusted() && (err == nil || suspicious(err)) {
		if !trusted || err != nil {
			b.booked()
		}
		b.due = false
		if every := b.who.venue.config.Snapshots.Every; every > 0 {
			b.reread.Reset(every)
		}
		b.deliver(b.top())
		return
	}
	if b.session.ctx.Err() != nil {
		return
	}
	if trusted && !b.protocol.Trusted() {
		b.deliver(b.faulty())
	}
	if errors.Is(err, ErrOld) {
		b.count(func(c *Counters) { c.OldSnapshots++ })
	} else {
		b.count(func(c *Counters) { c.FailedSnapshots++ })
	}
	b.countIf(errThrottled, err, func(c *Counters) { c.Throttled++ })
	if !trusted {
		b.countFaults(err)
	}
	b.countIf(ErrMalformed, err, func(c *Counters) { c.Malformed++ })
	config := &b.who.venue.config
	config.Log.WarnContext(b.session.ctx, "venue snapshot can't be used, will ask again", "venue", config.Venue, "instrument", config.Instrument.String(), "error", err)
	b.again(jitter(b.pause))
	b.pause = min(2*b.pause, retryMost)
}
