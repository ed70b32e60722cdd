package feed

import "sync"

// Counters is what has happened since the start, for whoever measures.
type Counters struct {
	// Connections counts those that were opened, Messages what they said.
	Connections, Messages uint64
	// Snapshots counts those that made a book trusted; OldSnapshots fetched ones that
	// were older than the events kept; FailedSnapshots errors of any kind, Throttled
	// the 429 and 418 of snapshots and connections. Rereads counts those that a
	// trusted book was compared with.
	Snapshots, OldSnapshots, FailedSnapshots, Throttled, Rereads uint64
	// Gaps counts missing, repeated or overlapping updates, Checksums wrong ones,
	// Crossed and Dry books that had to be read again for another reason.
	Gaps, Checksums, Crossed, Dry uint64
	// Resubscribed counts how often a book was asked for anew on a connection.
	Resubscribed uint64
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
