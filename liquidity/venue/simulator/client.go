package simulator

import "time"

// client is whoever listens to a feed; messages is closed when it is cut off.
type client struct {
	messages chan message
	// book and beats say what the client wants to hear; sequence numbers what it was
	// sent.
	book, beats bool
	sequence    uint64
	// deaf clients are told nothing; ending ones are cut off with the event that
	// brings the count to 0.
	deaf   bool
	ending int
}

// tell sends to every client that listens, and cuts off those that are slow or ending.
func (f *feed) tell(m message, listens func(*client) bool) {
	for c := range f.clients {
		if !listens(c) || !f.send(c, m) {
			continue
		}
		if c.ending > 0 {
			if c.ending--; c.ending == 0 {
				f.cut(c)
			}
		}
	}
}

// send numbers a message for a client and queues it; false for one that is deaf, or
// was too slow and is cut off.
func (f *feed) send(c *client, m message) bool {
	if c.deaf {
		return false
	}
	if f.dialect != nil {
		m.raw = f.dialect.number(m.raw, c.sequence)
		c.sequence++
	}
	select {
	case c.messages <- m:
		return true
	default:
		f.cut(c)
		return false
	}
}

// hear does what a client asks for. A subscription begins with the book as it is now;
// what of it is still to be told as an update is the same then.
func (f *feed) hear(c *client, o order, answer []byte, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, here := f.clients[c]; !here || !f.send(c, message{raw: answer}) {
		return nil
	}
	switch o {
	case answered:
	case heartbeats:
		c.beats = true
	case unsubscribed:
		c.book = false
	case subscribed:
		s := f.exchange.Snapshot(maxSnapshot)
		t := told{at: f.moment(now), Update: Update{Last: f.exchange.flushed, Bids: s.Bids, Asks: s.Asks}, top: f.exchange.Snapshot(10)}
		raw, err := f.dialect.snapshot(f.market, t)
		if err != nil {
			return err
		}
		c.book = raw == nil || f.send(c, message{raw: raw})
	}
	return nil
}

func (f *feed) cut(c *client) {
	delete(f.clients, c)
	close(c.messages)
}

// join adds a client; errFull if there is no room, the feed has ended or its venue
// is unplugged.
func (f *feed) join() (*client, error) {
	c := &client{messages: make(chan message, clientQueue)}
	return c, f.enter(c)
}

func (f *feed) enter(c *client) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.clients == nil || f.gone || len(f.clients) >= maxClients {
		return errFull
	}
	f.clients[c] = struct{}{}
	return nil
}

func (f *feed) leave(c *client) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.clients, c)
}

// end cuts off all clients; nobody joins afterwards.
func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.clients {
		f.cut(c)
	}
	f.clients = nil
}
