package simulator

import (
	"sync"
	"time"
)

// client is a connection, and what it listens to: a book of one feed or of several. messages is
// closed when it is cut off.
type client struct {
	messages chan message
	// wake is told when what waits is to go out.
	wake chan struct{}

	mu sync.Mutex
	// sequence numbers what the client was sent; whole are the books of it that nothing of was
	// withheld since they were told, where messages are numbered.
	sequence uint64
	whole    map[*feed]bool
	// beats says that the client wants to hear heartbeats, beaten when the last one was.
	beats  bool
	beaten time.Time
	// deaf clients are told nothing; ending ones are cut off with the event that
	// brings the count to 0, gone ones were.
	deaf   bool
	ending int
	gone   bool
}

func newClient(queue int) *client {
	return &client{messages: make(chan message, queue), wake: make(chan struct{}, 1), whole: map[*feed]bool{}}
}

// kick has what waits go out.
func (c *client) kick() {
	select {
	case c.wake <- struct{}{}:
	default: // it is to go out already
	}
}

// say is queue for who does not hold mu.
func (c *client) say(d dialect, m message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue(d, m)
}

// queue numbers a message and has it wait; false for a client that is deaf, gone, or was too slow
// and is cut off. d is nil for Binance.
func (c *client) queue(d dialect, m message) bool {
	if c.deaf || c.gone {
		return false
	}
	if d != nil {
		m.raw = d.number(m.raw, c.sequence)
		c.sequence++
	}
	select {
	case c.messages <- m:
		return true
	default:
		c.end()
		return false
	}
}

// end cuts the client off. The caller holds mu.
func (c *client) end() {
	if !c.gone {
		c.gone = true
		close(c.messages)
		c.kick()
	}
}

func (c *client) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end()
}

// event tells of an event, which may be the last one.
func (c *client) event(d dialect, m message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.queue(d, m) && c.ending > 0 {
		if c.ending--; c.ending == 0 {
			c.end()
		}
	}
}

// beat tells a heartbeat, once for all feeds of a moment.
func (c *client) beat(d dialect, m message, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.beaten.Equal(now) {
		return
	}
	c.beaten = now
	c.queue(d, m)
}

// leaveIn gives the notice, if there is one, and ends so many events later; once.
func (c *client) leaveIn(d dialect, notice message, events int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending > 0 {
		return
	}
	if notice.raw != nil {
		c.queue(d, notice)
		c.kick()
	}
	c.ending = max(events, 1)
}

// withhold skips the number of a message, and says how many books the client has to doubt for it.
func (c *client) withhold(d dialect) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deaf || c.gone {
		return 0
	}
	if _, numbered := d.(coinbase); !numbered {
		return 1
	}
	c.sequence++
	doubted := len(c.whole)
	clear(c.whole)
	return uint64(doubted)
}

// begins tells the book of a feed, which is whole from then on.
func (c *client) begins(f *feed, m message) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.raw != nil && !c.queue(f.dialect, m) {
		return false
	}
	c.whole[f] = true
	return true
}

func (c *client) ends(f *feed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.whole, f)
}

// back numbers the next message as the last one was.
func (c *client) back() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence--
}

func (c *client) deafen() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deaf = true
}

func (c *client) wantBeats() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.beats = true
}

func (c *client) wantsBeats() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.beats
}
