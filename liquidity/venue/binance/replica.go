package binance

import (
	"errors"
	"fmt"
	"slices"

	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
)

// Limits of a replica.
const (
	// snapshotLimit is how many levels a side of a snapshot has; the venue's price
	// for up to 1000 is snapshotWeight.
	snapshotLimit  = 1000
	snapshotWeight = 50
	// maxBook is how many levels a side of our book may grow to.
	maxBook = 4000
	// maxKept bounds the events kept for a snapshot: a minute and a half of them.
	maxKept = 1000
	// maxKeptLevels bounds their levels together.
	maxKeptLevels = 100_000
)

// replica is our copy of the venue's book: pure, and driven by one goroutine. It is
// suspect at first, keeps events until a snapshot fits, and is suspect again after
// anything it can't explain.
type replica struct {
	book   *book.Book
	synced bool
	// last is the number of the newest update applied.
	last uint64
	// chained says that an event was applied since the snapshot: from then on
	// numbers must follow one another exactly.
	chained bool
	// passed counts events passed over since the snapshot.
	passed int
	// kept are the events since the last gap, in order and without gaps; keptLevels
	// is how many levels they hold.
	kept       []event
	keptLevels int
	limit      int
}

// newReplica keeps up to most levels a side of snapshots that have limit.
func newReplica(most, limit int) *replica {
	return &replica{book: book.New(most), limit: limit}
}

// take applies an event, or keeps it while the replica is suspect. An error says
// why the replica has become suspect, or that what was kept has a gap; the event
// itself is then the first one kept.
func (r *replica) take(e event) error {
	if !r.synced {
		return r.keep(e)
	}
	if err := r.apply(e); err != nil {
		r.synced = false
		return errors.Join(err, r.keep(e))
	}
	return nil
}

// keep holds an event back for a snapshot. More than the limits are not kept: then
// what was kept is forgotten, and the snapshot must be newer than that.
func (r *replica) keep(e event) error {
	var err error
	if n := len(r.kept); n > 0 && e.first != r.kept[n-1].last+1 {
		err = fmt.Errorf("update %d after %d: %w", e.first, r.kept[n-1].last, feed.ErrGap)
		r.forget()
	}
	r.keptLevels += len(e.bids) + len(e.asks)
	if len(r.kept) == maxKept || r.keptLevels > maxKeptLevels {
		r.forget()
		r.keptLevels = len(e.bids) + len(e.asks)
	}
	// What is applied at once is the caller's; what is kept has to outlast it.
	e.bids, e.asks = slices.Clone(e.bids), slices.Clone(e.asks)
	r.kept = append(r.kept, e)
	return err
}

func (r *replica) forget() {
	clear(r.kept)
	r.kept, r.keptLevels = r.kept[:0], 0
}

// load takes a snapshot and the kept events after it. feed.ErrOld asks for a newer
// snapshot and keeps the events; after any other error they are forgotten.
func (r *replica) load(s snapshot) error {
	if len(r.kept) == 0 {
		return fmt.Errorf("snapshot %d without an event before it: %w", s.last, feed.ErrOld)
	}
	if s.last+1 < r.kept[0].first {
		return fmt.Errorf("snapshot %d, first event from %d: %w", s.last, r.kept[0].first, feed.ErrOld)
	}
	if err := r.book.Load(s.bids, s.asks, r.limit); err != nil {
		return fmt.Errorf("snapshot %d: %w: %w", s.last, feed.ErrMalformed, err)
	}
	r.last, r.chained, r.passed = s.last, false, 0
	defer r.forget()
	if err := feed.Judge(r.book); err != nil {
		return fmt.Errorf("snapshot %d: %w", s.last, err)
	}
	for _, e := range r.kept {
		if err := r.apply(e); err != nil {
			return fmt.Errorf("kept event after snapshot %d: %w", s.last, err)
		}
	}
	r.synced = true
	return nil
}

// apply puts an event into the book. Those the snapshot has in it already are
// passed over; the first one applied has to span the snapshot's number, and all
// later ones follow one another exactly: one that is repeated or overlaps is out
// of sequence as much as one that is missing.
func (r *replica) apply(e event) error {
	switch {
	case !r.chained && e.last <= r.last && r.passed < maxKept:
		r.passed++
		return nil
	case r.chained && e.first != r.last+1, e.first > r.last+1, e.last <= r.last:
		return fmt.Errorf("updates %d to %d after %d: %w", e.first, e.last, r.last, feed.ErrGap)
	}
	for _, l := range e.bids {
		r.book.Set(book.Bid, l)
	}
	for _, l := range e.asks {
		r.book.Set(book.Ask, l)
	}
	r.last, r.chained = e.last, true
	return feed.Judge(r.book)
}
