package liquidity

import (
	"fmt"
	"time"

	"ferry/swap"
)

// forum is all venues of one instrument.
type forum struct {
	instrument Instrument
	config     MarketConfig
	// quorum is how many venues must be fit and agree.
	quorum int
	stalls []*stall
	// joining are followed and not priced from yet. floor is how many venues there were and
	// still should be; gapsGone counts those of venues that are gone.
	joining  []*stall
	floor    int
	gapsGone int64
	// priced is whether there was a price when it was last asked for; outages counts
	// how often it was lost.
	priced  bool
	outages int64
	// judged is when the price was worked out last for what venues say; unjudged that they have
	// said something since.
	judged   time.Time
	unjudged bool
	// lively is the estimate of its volatility, seen the same with the newest price,
	// jumping that it moves too much now.
	lively, seen volatility
	jumping      bool
	// merged is the book of all, as of version; every word of a venue is a new version.
	merged  depth
	built   verdict
	version uint64
	// What price works with, kept so that it makes no garbage.
	fit      []*stall
	prices   []uint64
	out      []bool
	opinions []opinion
	votes    []uint64
	work     []uint64
}

// stall is one venue of an instrument.
type stall struct {
	source Source
	top    Top
	heard  bool
	// sound says that the newest top was fit when it came in, and opinion what it says: from
	// then on only its age changes.
	sound   bool
	opinion opinion
	// excluded says that the venue is too far from the others.
	excluded bool
	// outages counts how often its book was lost.
	outages int64
	record  record
	// generation is its subscription's; stop ends its connection, and gone says that it was.
	generation int64
	stop       func()
	gone       bool
	// leaving is since when it is not wanted any more, zero where it is.
	leaving time.Time
}

// verdict is what may be priced from: what all venues together think, and how many of
// them. It is as old as the oldest of them.
type verdict struct {
	version               uint64
	fair                  opinion
	admitted              int
	receivedAt, venueTime time.Time
}

// price judges which venues may be priced from and combines those. The caller has the
// lock.
func (f *forum) price(now time.Time) (verdict, error) {
	f.find(now)
	f.prices, f.out = f.prices[:0], f.out[:0]
	for _, s := range f.fit {
		f.prices, f.out = append(f.prices, s.opinion.price), append(f.out, s.excluded)
	}
	v := verdict{version: f.version}
	f.opinions = f.opinions[:0]
	f.out, f.work = exclude(f.prices, f.out, f.work)
	for i, excluded := range f.out {
		s := f.fit[i]
		s.excluded = excluded
		if excluded {
			continue
		}
		f.opinions = append(f.opinions, s.opinion)
		if v.receivedAt.IsZero() || s.top.ReceivedAt.Before(v.receivedAt) {
			v.receivedAt, v.venueTime = s.top.ReceivedAt, s.top.VenueTime
		}
	}
	v.admitted = len(f.opinions)
	switch {
	case len(f.stalls) == 1 && len(f.fit) == 0:
		return v, f.stalls[0].fit(now)
	case len(f.fit) == 0:
		return v, noPrice("No venue prices " + f.instrument.String() + " now.")
	case len(f.fit) < f.quorum:
		return v, noPrice(fmt.Sprintf("Only %d of %d venues prices %s now; Ferry needs %d.", len(f.fit), len(f.stalls), f.instrument, f.quorum))
	case v.admitted < f.quorum:
		return v, f.disagree()
	}
	v.fair, f.votes = combine(f.opinions, f.votes)
	if v.fair.price <= v.fair.confidence {
		return v, f.disagree()
	}
	return v, nil
}

func (f *forum) disagree() error {
	return noPrice("The venues of " + f.instrument.String() + " disagree on its price.")
}

// JudgeEvery times the number of an instrument's venues is how often its price is worked out at
// most for what they say: what that costs grows with their number, so that it is the same part
// of the time. Whoever asks for the price has it with all that was said.
const JudgeEvery = 10 * time.Microsecond

// judgedWithin reports whether the price was worked out too short a time ago to do it again.
func (f *forum) judgedWithin(now time.Time) bool {
	since := now.Sub(f.judged)
	return since >= 0 && since < time.Duration(len(f.stalls))*JudgeEvery
}

// judge works the price out for what venues say: how lively it is, and whether it is lost. The
// caller has the lock.
func (f *forum) judge(now time.Time) {
	f.judged, f.unjudged = now, false
	v, err := f.price(now)
	if err == nil {
		f.seen, f.lively = f.lively.seen(now, v.fair.price), f.lively.sample(now, v.fair.price)
		f.jumping = jumps(f.seen, f.jumping, f.config.StopMovePPM)
		err = f.calm()
	}
	if f.priced && err != nil {
		f.outages++
	}
	f.priced = err == nil
}

// caughtUp judges what was said and is not judged yet. The caller has the lock.
func (f *forum) caughtUp(now time.Time) {
	if f.unjudged {
		f.judge(now)
	}
}

// depth is the book of all venues that may be priced from, unless the price moves too
// much. The caller has the lock.
func (f *forum) depth(now time.Time) (depth, error) {
	f.caughtUp(now)
	v, err := f.price(now)
	if err != nil {
		return depth{}, err
	}
	if err := f.calm(); err != nil {
		return depth{}, err
	}
	if f.built != v {
		f.merged, f.built = f.merge(v), v
	}
	if len(f.merged.bids) == 0 || len(f.merged.asks) == 0 {
		return depth{}, noPrice("The books of " + f.instrument.String() + " are too thin now.")
	}
	return f.merged, nil
}

// calm refuses a price that moves too much.
func (f *forum) calm() error {
	if f.jumping {
		return noPrice("The price of " + f.instrument.String() + " moves too much now.")
	}
	return nil
}

// top is the best of the book of all. The caller has the lock.
func (f *forum) top(now time.Time) (Top, error) {
	d, err := f.depth(now)
	if err != nil {
		return Top{}, err
	}
	t := d.top()
	t.ReceivedAt, t.VenueTime = f.built.receivedAt, f.built.venueTime
	return t, nil
}

// merge is the book of the venues that a verdict admits.
func (f *forum) merge(v verdict) depth {
	shelves := [2][]shelf{}
	for _, s := range f.fit {
		if s.excluded {
			continue
		}
		terms := f.config.terms(s.source.Name())
		for half, levels := range [2][]Level{s.top.side(bids), s.top.side(asks)} {
			shelves[half] = append(shelves[half], shelf{levels, terms.TakerPPM, terms.SharePPM})
		}
	}
	return depth{
		instrument: f.instrument,
		bids:       ladder(bids, shelves[bids], v.fair.price-v.fair.confidence),
		asks:       ladder(asks, shelves[asks], v.fair.price+v.fair.confidence),
		Condition: Condition{Variance: max(f.seen.slow, f.seen.quick),
			LossPPM: loss(len(f.stalls), v.admitted, f.quorum, f.config.LossMostPPM)},
	}
}

// find lists the venues that may be priced from in f.fit.
func (f *forum) find(now time.Time) {
	f.fit = f.fit[:0]
	for _, s := range f.stalls {
		if s.usable(now) {
			f.fit = append(f.fit, s)
		}
	}
}

// hear takes a venue's newest word.
func (s *stall) hear(t Top) {
	s.top, s.heard = t, true
	if s.sound = s.top.fit(t.ReceivedAt, s.source.StaleAfter()) == nil; s.sound {
		s.opinion = opine(t)
	}
}

// usable reports whether fit finds nothing, without saying what.
func (s *stall) usable(now time.Time) bool {
	return s.sound && now.Sub(s.top.ReceivedAt) < s.source.StaleAfter()
}

// fit reports why a venue can't be priced from.
func (s *stall) fit(now time.Time) error {
	if !s.heard {
		return noPrice("No price of " + s.source.Instrument().String() + " has arrived yet.")
	}
	return s.top.fit(now, s.source.StaleAfter())
}

// fit reports why a top can't be priced from: an outage, age, a venue whose clock
// is not ours (its data may be delayed), an empty or a crossed book.
func (t *Top) fit(now time.Time, staleAfter time.Duration) error {
	name := t.Instrument.String
	switch {
	case t.Unavailable != "":
		return noPrice(t.Unavailable)
	case now.Sub(t.ReceivedAt) >= staleAfter:
		return noPrice("The price of " + name() + " is too old.")
	case t.ReceivedAt.Sub(t.VenueTime).Abs() >= staleAfter:
		return noPrice("The price of " + name() + " is delayed at its venue.")
	case t.Bid.Price == 0 || t.Ask.Price == 0 || t.Bid.Size == 0 || t.Ask.Size == 0:
		return noPrice("The book of " + name() + " has an empty side.")
	case t.Bid.Price >= t.Ask.Price:
		return noPrice("The book of " + name() + " is crossed.")
	}
	return nil
}

// side is half of the book as far as the venue told it, its best level at least.
func (t Top) side(s side) []Level {
	levels, best := t.Bids, t.Bid
	if s == asks {
		levels, best = t.Asks, t.Ask
	}
	if len(levels) == 0 {
		return []Level{best}
	}
	return levels
}

func noPrice(reason string) error {
	return swap.Refuse(swap.CodePriceUnavailable, "", "", reason)
}
