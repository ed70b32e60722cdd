package simulator

import (
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
	// clientQueue is how many events a client may be behind before it is cut off: of 20 books
	// a quarter of a minute.
	clientQueue = 2048
	// stepsPerEvent is how many steps one event gathers: a snapshot may fall in
	// the middle of an event.
	stepsPerEvent = 2
	// stepsPerBeat makes a heartbeat of a second at the usual pace.
	stepsPerBeat = 20
	// maxSnapshot is the most levels a snapshot has.
	maxSnapshot = 5000
)

var errFull = errors.New("too many clients, or the venue is unplugged")

// message is what goes to a client: an event and the name of its stream.
type message struct {
	stream string
	raw    []byte
}

// feed is one exchange and whoever listens to it.
type feed struct {
	market Market
	// dialect is nil for Binance, whose clients hear all there is.
	dialect dialect

	mu       sync.Mutex
	exchange *Exchange
	oldest   Snapshot
	steps    uint64
	// toldAt is when the newest event or fetched snapshot was; times never repeat.
	toldAt time.Time
	// whole is the book as of wholeAt, its newest event: what a venue tells of a moment by REST
	// is what its stream has led to by then.
	whole   Snapshot
	wholeAt time.Time
	// clients are those connected, true for those who follow the book.
	clients map[*client]bool
	// due is how many more events or snapshots each fault holds for; forever stands
	// for a stall without end. retryAfter is what refused snapshots say.
	due        map[Kind]int
	forever    bool
	retryAfter int
	// gone feeds are of a venue that is unplugged: nobody joins.
	gone bool
	// withheld counts what clients were not told as they should have been: an event, once for
	// each who listened, or a right checksum. Where messages are numbered, it counts the books
	// of the connection that the number missing makes suspect.
	withheld uint64
}

func newFeed(seed uint64, m Market, venue string) *feed {
	x := NewExchange(seed, m, venue)
	return &feed{market: m, dialect: dialects[venue], exchange: x, oldest: x.Snapshot(maxSnapshot), clients: map[*client]bool{}, due: map[Kind]int{}}
}

// step goes on by one, and tells every client when an event is complete.
func (f *feed) step(now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.exchange.Step()
	f.steps++
	if f.forever || f.spend(Stall) {
		return nil
	}
	if f.dialect != nil && f.steps%stepsPerBeat == 0 {
		if beat := f.dialect.heartbeat(now); beat != nil {
			for c, book := range f.clients {
				if book || c.wantsBeats() {
					c.beat(f.dialect, message{raw: beat}, now)
				}
			}
		}
	}
	if f.steps%stepsPerEvent != 0 {
		return nil
	}
	u, changed := f.exchange.Flush()
	if !changed {
		return nil
	}
	return f.event(u, now)
}

// event tells what has changed, or the fault that is due.
func (f *feed) event(u Update, now time.Time) error {
	t := told{at: f.moment(now), Update: u, top: f.exchange.Snapshot(10), wrong: f.spend(WrongChecksum)}
	if _, fetched := f.dialect.(bitstamp); fetched {
		f.whole, f.wholeAt = f.exchange.Snapshot(maxSnapshot), t.at
	}
	if f.spend(Crossed) {
		if ask, ok := f.exchange.book.Best(book.Ask); ok {
			l := book.Level{Price: ask.Price, Size: coin}
			t.Bids = append(t.Bids, l)
			t.top.Bids = append([]book.Level{l}, t.top.Bids[:min(9, len(t.top.Bids))]...)
		}
	}
	m, err := f.encode(t)
	if err != nil {
		return err
	}
	gap := f.spend(Gap)
	if _, summed := f.dialect.(kraken); gap || t.wrong && summed {
		f.withhold()
	}
	if gap {
		return nil
	}
	if f.spend(Garbage) {
		m.raw = m.raw[:len(m.raw)/2]
	}
	f.tell(m)
	if f.spend(Repeat) {
		for c, book := range f.clients {
			if book {
				c.back()
			}
		}
		f.tell(m)
	}
	if f.spend(Storm) {
		f.cut()
	}
	return nil
}

func (f *feed) encode(t told) (message, error) {
	if f.dialect != nil {
		raw, err := f.dialect.update(f.market, t)
		return message{raw: raw}, err
	}
	raw, err := encodeUpdate(f.market, t.Update, t.at)
	return message{streamOf(f.market), raw}, err
}

// moment is now, but later than any moment before.
func (f *feed) moment(now time.Time) time.Time {
	if least := f.toldAt.Add(time.Microsecond); now.Before(least) {
		now = least
	}
	f.toldAt = now
	return now
}

// spend uses up one event or snapshot of a fault; false if it is not due.
func (f *feed) spend(k Kind) bool {
	if f.due[k] == 0 {
		return false
	}
	f.due[k]--
	return true
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
	case Plug:
		f.gone = false
	case Disconnect, Unplug:
		f.gone = fault.Kind == Unplug
		f.cut()
	case HalfOpen:
		for c := range f.clients {
			c.deafen()
		}
	case Shutdown:
		m, err := f.notice(now)
		if err != nil {
			return err
		}
		for c := range f.clients {
			c.leaveIn(f.dialect, m, fault.Count)
		}
	case Throttle, Ban:
		f.retryAfter = fault.Seconds
		f.due[fault.Kind] = max(fault.Count, 1)
	default:
		f.due[fault.Kind] = max(fault.Count, 1)
	}
	return nil
}

// notice is the venue's word that it will shut down.
func (f *feed) notice(now time.Time) (message, error) {
	if f.dialect != nil {
		return message{raw: f.dialect.notice(now)}, nil
	}
	raw, err := json.Marshal(shutdownNotice{Event: "serverShutdown", Time: now.UnixMilli()})
	if err != nil {
		return message{}, fmt.Errorf("encode notice: %w", err)
	}
	return message{shutdownStream, raw}, nil
}
