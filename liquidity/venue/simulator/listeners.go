package simulator

import "time"

// tell sends an event to every client that follows the book.
func (f *feed) tell(m message) {
	for c, book := range f.clients {
		if book {
			c.event(f.dialect, m)
		}
	}
}

// withhold counts those who are not told an event, or not what proves it.
func (f *feed) withhold() {
	for c, book := range f.clients {
		if book {
			f.withheld += c.withhold(f.dialect)
		}
	}
}

// subscribe begins with the book as it is now; what of it is still to be told as an update is
// the same then.
func (f *feed) subscribe(c *client, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, here := f.clients[c]; !here {
		return nil
	}
	var raw []byte
	if f.dialect != nil {
		s := f.exchange.Snapshot(maxSnapshot)
		t := told{at: f.moment(now), Update: Update{Last: f.exchange.flushed, Bids: s.Bids, Asks: s.Asks}, top: f.exchange.Snapshot(10)}
		var err error
		if raw, err = f.dialect.snapshot(f.market, t); err != nil {
			return err
		}
	}
	f.clients[c] = c.begins(f, message{raw: raw})
	return nil
}

func (f *feed) unsubscribe(c *client) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.clients[c] {
		f.clients[c] = false
		c.ends(f)
	}
}

// join adds a client of this feed; errFull if there is no room, the feed has ended or its venue
// is unplugged.
func (f *feed) join() (*client, error) {
	c := newClient(clientQueue)
	return c, f.enter(c)
}

// enter adds a client, which is told of Binance's events at once and of others' if it asks.
func (f *feed) enter(c *client) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, here := f.clients[c]; here {
		return nil
	}
	if f.clients == nil || f.gone || len(f.clients) >= maxClients {
		return errFull
	}
	f.clients[c] = f.dialect == nil
	return nil
}

func (f *feed) leave(c *client) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.clients, c)
	c.ends(f)
}

// kick has what all clients were told go out.
func (f *feed) kick() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.clients {
		c.kick()
	}
}

// cut ends all clients.
func (f *feed) cut() {
	for c := range f.clients {
		c.cut()
	}
	clear(f.clients)
}

// end cuts off all clients; nobody joins afterwards.
func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut()
	f.clients = nil
}
