package liquidity

import "time"

// Classes of venues: who makes the prices.
const (
	ClassExchange = "exchange"
	ClassMaker    = "maker"
)

// Classed is a Source that is not an exchange's order book.
type Classed interface {
	// Class is one of the classes.
	Class() string
}

// Alerts about a venue of an instrument, "" for none; the first that holds:
//
//	missing   its book is not there: nothing came, the connection is lost, the book is
//	          being read again, or it has been silent for as long as is allowed
//	off       its book is there and wrong: too far from the others, crossed, or empty
//	late      its words, or its clock in them, are older than half of what is allowed
const (
	AlertMissing = "missing"
	AlertOff     = "off"
	AlertLate    = "late"
)

// Alerts lists them all.
func Alerts() []string { return []string{AlertMissing, AlertOff, AlertLate} }

// Quality is how a venue's data has been, since the start.
type Quality struct {
	// Class is one of the classes.
	Class string
	// Alert is one of the alerts, "" for none.
	Alert string
	// Latency is our clock less the venue's in its newest message, below 0 where the clocks
	// differ; 0 while it has no book.
	Latency time.Duration
	// Changed says that the best bid or ask was told; Unchanged is since it last differed.
	Changed   bool
	Unchanged time.Duration
	// Suspect is how long its book could not be trusted, in windows from an outage to the
	// next book; VenuePrice.Outages counts them. SuspectNow says that one is open.
	Suspect    time.Duration
	SuspectNow bool
}

// record is what a stall keeps of its data's quality.
type record struct {
	// bid and ask are the newest best levels; changed is when they differed last, zero before
	// the first.
	bid, ask Level
	changed  time.Time
	// since is when the open suspect window began, zero without one; closed is the length of
	// those before.
	since  time.Time
	closed time.Duration
}

// note takes a venue's word at a time.
func (r *record) note(now time.Time, t Top) {
	if t.Unavailable != "" {
		if r.since.IsZero() && !r.changed.IsZero() {
			r.since = now
		}
		return
	}
	if !r.since.IsZero() {
		r.closed += max(now.Sub(r.since), 0)
		r.since = time.Time{}
	}
	if r.changed.IsZero() || r.bid != t.Bid || r.ask != t.Ask {
		r.bid, r.ask, r.changed = t.Bid, t.Ask, now
	}
}

// quality is how the venue stands at a time.
func (s *stall) quality(now time.Time) Quality {
	q := Quality{Class: ClassExchange, Alert: alert(s.top, s.heard, s.excluded, now, s.source.StaleAfter()), Suspect: s.record.closed}
	if c, ok := s.source.(Classed); ok {
		q.Class = c.Class()
	}
	if s.heard && s.top.Unavailable == "" {
		q.Latency = s.top.ReceivedAt.Sub(s.top.VenueTime)
	}
	if !s.record.changed.IsZero() {
		q.Changed, q.Unchanged = true, now.Sub(s.record.changed)
	}
	if !s.record.since.IsZero() {
		q.SuspectNow = true
		q.Suspect += max(now.Sub(s.record.since), 0)
	}
	return q
}

// alert judges a venue's newest word.
func alert(t Top, heard, excluded bool, now time.Time, staleAfter time.Duration) string {
	switch {
	case !heard || t.Unavailable != "" || now.Sub(t.ReceivedAt) >= staleAfter:
		return AlertMissing
	case excluded || t.Bid.Price == 0 || t.Ask.Price == 0 || t.Bid.Size == 0 || t.Ask.Size == 0 || t.Bid.Price >= t.Ask.Price:
		return AlertOff
	case 2*now.Sub(t.ReceivedAt) >= staleAfter || 2*t.ReceivedAt.Sub(t.VenueTime).Abs() >= staleAfter:
		return AlertLate
	}
	return ""
}
