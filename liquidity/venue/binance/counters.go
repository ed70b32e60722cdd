package binance

import "sync"

// Counters is what has happened since the start, for whoever measures.
type Counters struct {
	// Connections counts those that were opened, Messages what they said.
	Connections, Messages uint64
	// Snapshots counts those that fitted; OldSnapshots those older than the events
	// kept; FailedSnapshots errors of any kind, Throttled the 429 and 418 among them.
	Snapshots, OldSnapshots, FailedSnapshots, Throttled uint64
	// Gaps counts missing, repeated or overlapping updates; Crossed and Dry books
	// that had to be read again for another reason.
	Gaps, Crossed, Dry uint64
	// Stale counts feeds that fell silent, Malformed messages the documents do not
	// allow, Shutdowns the venue's notices, Handovers connections that took over
	// from another without an outage.
	Stale, Malformed, Shutdowns, Handovers uint64
}

// counting guards the counters of all connections.
type counting struct {
	mu sync.Mutex
	c  Counters
}

func (c *counting) add(count func(*Counters)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	count(&c.c)
}

func (c *counting) read() Counters {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.c
}
