package simulator

import (
	"errors"
	"fmt"
	"time"
)

// recordedEvery is the time between events.
const recordedEvery = 100 * time.Millisecond

// recordedFrom is when recordings begin.
var recordedFrom = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Recording is what a client of a venue hears: the book, in the stream or as the body
// of a fetched snapshot, and so many changes of it after that. For venues whose
// snapshots are fetched the first change comes before it.
type Recording struct {
	Before   []byte
	Snapshot []byte
	Changes  [][]byte
}

// Record plays a venue without a network.
func Record(seed uint64, m Market, venue string, changes int) (Recording, error) {
	f := newFeed(seed, m, venue)
	c := newClient(changes + 2)
	if err := f.enter(c); err != nil {
		return Recording{}, err
	}
	now := recordedFrom
	next := func() ([]byte, error) {
		for range 1000 {
			now = now.Add(recordedEvery / stepsPerEvent)
			if err := f.step(now); err != nil {
				return nil, err
			}
			select {
			case m := <-c.messages:
				return m.raw, nil
			default:
			}
		}
		return nil, errors.New("the simulator tells nothing")
	}
	r := Recording{}
	err := f.begin(&r, c, now, next)
	for len(r.Changes) < changes && err == nil {
		var raw []byte
		raw, err = next()
		r.Changes = append(r.Changes, raw)
	}
	if err != nil {
		return r, fmt.Errorf("record %s: %w", venue, err)
	}
	return r, nil
}

// begin records a subscription, or a snapshot that is fetched.
func (f *feed) begin(r *Recording, c *client, now time.Time, next func() ([]byte, error)) (err error) {
	if f.dialect != nil {
		if err := f.subscribe(c, now); err != nil {
			return err
		}
	}
	_, fetched := f.dialect.(bitstamp)
	if f.dialect != nil && !fetched {
		r.Snapshot = (<-c.messages).raw
		return nil
	}
	if r.Before, err = next(); err != nil {
		return err
	}
	s := f.exchange.Snapshot(maxSnapshot)
	if fetched {
		r.Snapshot, err = bitstampBody(told{at: f.toldAt, Update: Update{Bids: s.Bids, Asks: s.Asks}})
	} else {
		r.Snapshot, err = encodeSnapshot(s)
	}
	return err
}
