package feed

import (
	"context"
	"errors"
	"slices"
	"time"

	"ferry/liquidity"
)

// gatherFor is how long a line waits for others that begin at the same time.
const gatherFor = 20 * time.Millisecond

// line carries some books of a venue: over at most one connection that is told of, and one
// that is to take over. What it holds is guarded by its trunk.
type line struct {
	trunk *trunk
	// closed lines take nobody in.
	closed    bool
	listeners []*listener
	now, next *connection
	// priced says that there was any price since it was connected, reached that the venue was, and
	// offended that it was ended by what the venue said.
	priced, reached, offended bool
	// taken is told when next has taken over.
	taken  chan struct{}
	cancel context.CancelFunc
	// done is closed when nobody works for the line any more.
	done chan struct{}
}

func (l *line) has(name string) bool {
	return slices.ContainsFunc(l.listeners, func(w *listener) bool { return w.name() == name })
}

// add takes a book in, on the connections there are too.
func (l *line) add(who *listener) {
	who.line, l.listeners = l, append(l.listeners, who)
	for _, c := range []*connection{l.now, l.next} {
		if c != nil && c.session != nil {
			c.session.join(who)
		}
	}
}

func (l *line) remove(who *listener) {
	l.listeners = slices.DeleteFunc(l.listeners, func(w *listener) bool { return w == who })
	for _, c := range []*connection{l.now, l.next} {
		if c != nil && c.session != nil {
			c.session.leave(who)
		}
	}
}

// run connects again and again until ctx ends.
func (l *line) run(ctx context.Context) {
	wait(ctx, gatherFor)
	pause := time.Duration(0)
	for ctx.Err() == nil {
		if held := l.trunk.dials.take(l.trunk.config.Now(), 1); held > 0 {
			wait(ctx, held)
			continue
		}
		began := time.Now()
		pause = l.follow(ctx).pause(pause, time.Since(began))
		wait(ctx, jitter(pause))
	}
}

// follow delivers the tops of a connection, and of the ones that take over from it without an
// outage, until the last one has ended; then it delivers the outage. It reports how it was.
func (l *line) follow(ctx context.Context) ending {
	now, next := l.connect(ctx, &l.now), (*connection)(nil)
	leaving, due := now.leaving, time.NewTimer(time.Hour)
	due.Stop()
	defer func() { due.Stop(); now.stop(); next.stop() }()
	for {
		select {
		case <-leaving:
			leaving = nil
			due.Reset(0)
			continue
		case <-due.C:
			if held := l.trunk.dials.take(l.trunk.config.Now(), 1); held > 0 {
				due.Reset(held)
			} else {
				next = l.connect(ctx, &l.next)
			}
			continue
		case <-l.taken:
		case <-now.done:
		case <-next.ended():
		}
		switch {
		case l.took(next):
			now.stop()
			now, next, leaving = next, nil, next.leaving
		case ended(now):
			if ctx.Err() != nil {
				return l.ending()
			}
			l.lost(ctx, now)
			if next == nil {
				return l.ending()
			}
			now, next, leaving = next, nil, next.leaving
		case next != nil && ended(next):
			// The one we have goes on for as long as the venue lets it.
			l.trunk.config.Log.WarnContext(ctx, "new venue connection failed, keeping the old one", "venue", l.trunk.config.Venue, "error", next.err)
			l.drop(next)
			next = nil
		}
	}
}

// tell delivers a top of the connection that is told of. The next one becomes that with the
// first top that makes it know all that is known. The caller holds the trunk.
func (l *line) tell(c *connection, who *listener, t liquidity.Top) {
	switch {
	case c == l.now:
		l.priced = l.priced || t.Unavailable == ""
		who.deliver(t)
	case c == l.next && t.Unavailable == "" && c.session.knows(l.now):
		l.now, l.next, l.priced = c, nil, true
		c.session.countAll(func(c *Counters) { c.Handovers++ })
		c.session.tellAll()
		select {
		case l.taken <- struct{}{}:
		default: // it is to look already
		}
	}
}

// lost tells the outage of a connection that has ended, or what the next one knows already,
// which is told of from then on.
func (l *line) lost(ctx context.Context, c *connection) {
	l.trunk.mu.Lock()
	defer l.trunk.mu.Unlock()
	config := &l.trunk.config
	config.Log.WarnContext(ctx, "venue connection ended, will connect again", "venue", config.Venue, "books", names(l.listeners), "error", c.err)
	if l.next == nil && l.now != nil && !ended(l.now) {
		return // the next one has taken over just now
	}
	l.now, l.next = l.next, nil
	l.reached = c.session != nil && c.session.socket != nil
	l.offended = c.session != nil && c.session.offended
	for _, w := range slices.Clone(l.listeners) {
		if b := l.now.about(w); b != nil && b.protocol.Trusted() {
			l.priced = true
			w.deliver(b.top())
			continue
		}
		name := w.venue.config.Instrument.String()
		reason := "The connection to the venue of " + name + " is lost."
		if errors.Is(c.err, errStale) {
			reason = "The venue's feed of " + name + " is stale."
		}
		w.deliver(w.venue.outage(reason))
	}
	l.split(c)
}

// split parts the book from a line that has ended its connection, told or not. Where it is not
// known which one it was, it halves those that were not told: one that the venue refuses keeps
// the others from nothing for long.
func (l *line) split(c *connection) {
	if c.session == nil || !c.session.offended || l.now != nil || !l.trunk.mayPart() {
		return
	}
	if len(l.listeners) == 1 {
		l.closed = true // whoever came would have to wait for long
		return
	}
	if b := c.session.offender; b != nil {
		if b.who.line == l {
			l.trunk.part(l, b.who)
		}
		return
	}
	var untold []*listener
	for _, b := range c.session.books {
		if !b.told && b.who.line == l {
			untold = append(untold, b.who)
		}
	}
	if half := (len(untold) + 1) / 2; half > 0 && half < len(l.listeners) {
		l.trunk.part(l, untold[:half]...)
	}
}

func names(who []*listener) (list []string) {
	for _, w := range who {
		list = append(list, w.venue.config.Instrument.String())
	}
	return list
}

func (l *line) ending() ending {
	l.trunk.mu.Lock()
	defer l.trunk.mu.Unlock()
	return ending{priced: l.priced, reached: l.reached, offended: l.offended, closed: l.closed}
}

// took reports whether the next connection is told of by now.
func (l *line) took(next *connection) bool {
	l.trunk.mu.Lock()
	defer l.trunk.mu.Unlock()
	return next != nil && l.now == next
}

// drop forgets a next connection that has ended.
func (l *line) drop(next *connection) {
	l.trunk.mu.Lock()
	defer l.trunk.mu.Unlock()
	if l.next == next {
		l.next = nil
	}
}
