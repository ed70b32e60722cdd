package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"ferry/liquidity/book"
)

// Limits of a feed.
const (
	maxClients = 64
	// clientQueue is how many events a client may be behind before it is cut off.
	clientQueue = 64
	// stepsPerEvent is how many steps one event gathers: a snapshot may fall in
	// the middle of an event.
	stepsPerEvent = 2
	// maxSnapshot is the most levels a snapshot has.
	maxSnapshot = 5000
)

var errFull = errors.New("too many clients")

// message is what goes to a client: an event and the name of its stream.
type message struct {
	stream string
	raw    []byte
}

// client is whoever listens to a feed; messages is closed when it is cut off.
type client struct {
	messages chan message
	// deaf clients are told nothing; ending ones are cut off with the event that
	// brings the count to 0.
	deaf   bool
	ending int
}

// feed is one exchange and whoever listens to it.
type feed struct {
	market Market

	mu       sync.Mutex
	exchange *Exchange
	oldest   Snapshot
	steps    uint64
	clients  map[*client]struct{}
	// due is how many more events or snapshots each fault holds for; forever stands
	// for a stall without end. retryAfter is what refused snapshots say.
	due        map[Kind]int
	forever    bool
	retryAfter int
}

func newFeed(seed uint64, m Market) *feed {
	x := NewExchange(seed, m)
	return &feed{market: m, exchange: x, oldest: x.Snapshot(maxSnapshot), clients: map[*client]struct{}{}, due: map[Kind]int{}}
}

// run steps until ctx ends; then every client is cut off.
func (f *feed) run(ctx context.Context, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			f.end()
			return nil
		case <-ticker.C:
		}
		if err := f.step(time.Now()); err != nil {
			return err
		}
	}
}

// step goes on by one, and tells every client when an event is complete.
func (f *feed) step(now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.forever || f.spend(Stall) {
		return nil
	}
	f.exchange.Step()
	if f.steps++; f.steps%stepsPerEvent != 0 {
		return nil
	}
	u, changed := f.exchange.Flush()
	if !changed {
		return nil
	}
	if f.spend(Crossed) {
		if ask, ok := f.exchange.book.Best(book.Ask); ok {
			u.Bids = append(u.Bids, book.Level{Price: ask.Price, Size: coin})
		}
	}
	raw, err := encodeUpdate(f.market, u, now)
	if err != nil {
		return err
	}
	if f.spend(Gap) {
		return nil
	}
	if f.spend(Garbage) {
		raw = raw[:len(raw)/2]
	}
	m := message{streamOf(f.market), raw}
	f.tell(m)
	if f.spend(Repeat) {
		f.tell(m)
	}
	return nil
}

// spend uses up one event or snapshot of a fault; false if it is not due.
func (f *feed) spend(k Kind) bool {
	if f.due[k] == 0 {
		return false
	}
	f.due[k]--
	return true
}

// tell sends to every client that hears, and cuts off those that are slow or ending.
func (f *feed) tell(m message) {
	for c := range f.clients {
		if c.deaf {
			continue
		}
		select {
		case c.messages <- m:
		default:
			f.cut(c)
			continue
		}
		if c.ending > 0 {
			if c.ending--; c.ending == 0 {
				f.cut(c)
			}
		}
	}
}

func (f *feed) cut(c *client) {
	delete(f.clients, c)
	close(c.messages)
}

// join adds a client; errFull if there is no room, or the feed has ended.
func (f *feed) join() (*client, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.clients == nil || len(f.clients) >= maxClients {
		return nil, errFull
	}
	c := &client{messages: make(chan message, clientQueue)}
	f.clients[c] = struct{}{}
	return c, nil
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

// inject orders a fault, which must be valid.
func (f *feed) inject(fault Fault, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch fault.Kind {
	case Resume:
		f.forever, f.due[Stall] = false, 0
	case Stall:
		f.forever, f.due[Stall] = fault.Count == 0, fault.Count
	case Disconnect:
		for c := range f.clients {
			f.cut(c)
		}
	case HalfOpen:
		for c := range f.clients {
			c.deaf = true
		}
	case Shutdown:
		raw, err := json.Marshal(shutdownNotice{Event: "serverShutdown", Time: now.UnixMilli()})
		if err != nil {
			return fmt.Errorf("encode notice: %w", err)
		}
		f.tell(message{shutdownStream, raw})
		for c := range f.clients {
			c.ending = max(fault.Count, 1)
		}
	case Throttle, Ban:
		f.retryAfter = fault.Seconds
		f.due[fault.Kind] = max(fault.Count, 1)
	case Gap, Repeat, Crossed, Garbage, Failure, OldSnapshot:
		f.due[fault.Kind] = max(fault.Count, 1)
	}
	return nil
}
