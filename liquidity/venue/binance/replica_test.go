package binance

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/simulator"
)

// whole is a limit no book of the simulator reaches.
const whole = 1000

// feeding is a simulated exchange and the replica that follows it, with whatever
// goes wrong between the two.
type feeding struct {
	exchange *simulator.Exchange
	replica  *replica
	limit    int
	// history is the true book after every step, by its number.
	history map[uint64]simulator.Snapshot
	// sent are events that reached the replica; shots are snapshots on their way.
	sent  []event
	shots []simulator.Snapshot
}

func newFeeding(t testing.TB, seed uint64, most, limit int) *feeding {
	t.Helper()
	m, err := simulator.ParseMarket("ETH-BTC=0.035")
	if err != nil {
		t.Fatal(err)
	}
	f := &feeding{exchange: simulator.NewExchange(seed, m, simulator.Binance), replica: newReplica(most, limit), limit: limit, history: map[uint64]simulator.Snapshot{}}
	f.note()
	return f
}

func (f *feeding) note() {
	s := f.exchange.Snapshot(whole)
	f.history[s.Last] = s
}

func (f *feeding) step() {
	f.exchange.Step()
	f.note()
}

// flush is the next event; false if nothing has changed.
func (f *feeding) flush() (event, bool) {
	u, changed := f.exchange.Flush()
	return event{kind: kindDepth, first: u.First, last: u.Last, bids: u.Bids, asks: u.Asks}, changed
}

func (f *feeding) send(e event) error {
	f.sent = append(f.sent, e)
	return f.replica.take(e)
}

func (f *feeding) load(s simulator.Snapshot) error {
	return f.replica.load(snapshot{last: s.Last, bids: s.Bids, asks: s.Asks})
}

// check holds a replica that would be served to what the exchange was at its number.
func (f *feeding) check(t interface{ Fatalf(string, ...any) }) {
	if !f.replica.synced {
		return
	}
	truth, ok := f.history[f.replica.last]
	if !ok {
		t.Fatalf("served at %d, where the exchange never stood", f.replica.last)
	}
	for side, levels := range [2][]book.Level{truth.Bids, truth.Asks} {
		horizon, bounded := f.replica.book.Horizon(book.Side(side))
		want := slices.DeleteFunc(slices.Clone(levels), func(l book.Level) bool {
			return bounded && (side == 0 && l.Price < horizon || side == 1 && l.Price > horizon)
		})
		got := slices.Collect(f.replica.book.Levels(book.Side(side)))
		if !slices.Equal(got, want) {
			t.Fatalf("side %d at %d is %v, want %v", side, f.replica.last, got, want)
		}
		if best, ok := f.replica.book.Best(book.Side(side)); !ok || best != levels[0] {
			t.Fatalf("top of side %d at %d is %v, want %v", side, f.replica.last, best, levels[0])
		}
	}
}

// Whatever is lost, repeated, delayed or made up on the way, a replica that would
// be served is the exchange's book as of its number, level by level.
func TestReplicaIsTheExchange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		limit := rapid.IntRange(2, 50).Draw(r, "limit")
		f := newFeeding(t, rapid.Uint64().Draw(r, "seed"), rapid.IntRange(limit, 60).Draw(r, "most"), limit)
		next := func(r *rapid.T) (event, bool) {
			for range rapid.IntRange(1, 3).Draw(r, "steps") {
				f.step()
			}
			return f.flush()
		}
		deliver := func(r *rapid.T) {
			if e, changed := next(r); changed {
				_ = f.send(e) // what it says is checked below, by what is served
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"event":       deliver,
			"more events": deliver,
			"gap":         func(r *rapid.T) { next(r) },
			"repetition": func(r *rapid.T) {
				if len(f.sent) == 0 {
					r.Skip("nothing was sent")
				}
				_ = f.send(rapid.SampledFrom(f.sent).Draw(r, "old"))
			},
			"crossed": func(r *rapid.T) {
				e, changed := next(r)
				if !changed {
					return
				}
				e.bids = append(slices.Clone(e.bids), book.Level{Price: f.exchange.Snapshot(1).Asks[0].Price, Size: 1})
				wasServed := f.replica.synced && f.replica.last < e.last
				if err := f.send(e); wasServed && (err == nil || f.replica.synced) {
					r.Fatalf("a crossed book is served (%v)", err)
				}
				// The lie must not be repeated as if it had been true.
				f.sent = f.sent[:len(f.sent)-1]
				f.replica.forget()
			},
			"between two events": func(*rapid.T) { f.step() },
			"ask":                func(*rapid.T) { f.shots = append(f.shots, f.exchange.Snapshot(f.limit)) },
			"answer": func(r *rapid.T) {
				if len(f.shots) == 0 || f.replica.synced {
					r.Skip("nothing was asked for")
				}
				// Any of them: the newest, or one that is old.
				if err := f.load(rapid.SampledFrom(f.shots).Draw(r, "snapshot")); (err == nil) != f.replica.synced {
					r.Fatalf("load says %v, synced %t", err, f.replica.synced)
				}
			},
			"": func(r *rapid.T) { f.check(r) },
		})
		// However it went, one event and a snapshot heal it.
		for !f.replica.synced {
			deliver(r)
			if len(f.replica.kept) == 0 {
				continue
			}
			if err := f.load(f.exchange.Snapshot(f.limit)); err != nil {
				r.Fatalf("a good snapshot does not heal: %v", err)
			}
		}
		f.check(r)
	})
}

// Each way in which a book stops being served, and what it is called.
func TestReplicaIsSuspect(t *testing.T) {
	t.Parallel()
	level := func(price, size uint64) []book.Level { return []book.Level{{Price: price, Size: size}} }
	shot := snapshot{last: 10, bids: level(100, 1), asks: level(110, 1)}
	fresh := func(t *testing.T, limit int, first ...event) *replica {
		r := newReplica(10, limit)
		for _, e := range append([]event{{first: 5, last: 9}}, first...) {
			if err := r.take(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.load(shot); err != nil {
			t.Fatal(err)
		}
		return r
	}
	for name, c := range map[string]struct {
		limit  int
		before []event
		then   []event
		want   error
	}{
		"spans the snapshot":         {0, nil, []event{{first: 10, last: 12}}, nil},
		"follows the snapshot":       {0, nil, []event{{first: 11, last: 12}}, nil},
		"is in the snapshot":         {0, nil, []event{{first: 10, last: 10}, {first: 11, last: 11}}, nil},
		"kept, spans the snapshot":   {0, []event{{first: 10, last: 12}}, []event{{first: 13, last: 13}}, nil},
		"gap after the snapshot":     {0, nil, []event{{first: 12, last: 13}}, feed.ErrGap},
		"gap later":                  {0, nil, []event{{first: 11, last: 12}, {first: 14, last: 14}}, feed.ErrGap},
		"gap after a kept one":       {0, []event{{first: 10, last: 12}}, []event{{first: 14, last: 14}}, feed.ErrGap},
		"repeated":                   {0, nil, []event{{first: 11, last: 12}, {first: 11, last: 12}}, feed.ErrGap},
		"overlapping":                {0, nil, []event{{first: 11, last: 12}, {first: 12, last: 13}}, feed.ErrGap},
		"crossed":                    {0, nil, []event{{first: 11, last: 12, bids: level(111, 1)}}, feed.ErrCrossed},
		"locked":                     {0, nil, []event{{first: 11, last: 12, bids: level(110, 1)}}, feed.ErrCrossed},
		"a side runs dry":            {1, nil, []event{{first: 11, last: 12, asks: level(110, 0)}}, feed.ErrDry},
		"an empty side, known whole": {2, nil, []event{{first: 11, last: 12, asks: level(110, 0)}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := fresh(t, c.limit, c.before...)
			for i, e := range c.then {
				err, last := r.take(e), i == len(c.then)-1
				switch {
				case !last && err != nil, last && !errors.Is(err, c.want), c.want == nil && err != nil:
					t.Fatalf("event %d: %v, want %v", i, err, c.want)
				case r.synced != (err == nil):
					t.Fatalf("event %d: %v, but synced is %t", i, err, r.synced)
				}
			}
			if c.want != nil && (len(r.kept) != 1 || r.kept[0].last != c.then[len(c.then)-1].last) {
				t.Errorf("kept %+v", r.kept)
			}
		})
	}
}

func TestReplicaRefusesSnapshots(t *testing.T) {
	t.Parallel()
	level := func(price uint64) []book.Level { return []book.Level{{Price: price, Size: 1}} }
	for name, c := range map[string]struct {
		kept []event
		shot snapshot
		want error
		left int
	}{
		"no event yet":   {nil, snapshot{last: 10, bids: level(1), asks: level(2)}, feed.ErrOld, 0},
		"old":            {[]event{{first: 12, last: 13}}, snapshot{last: 10, bids: level(1), asks: level(2)}, feed.ErrOld, 1},
		"crossed":        {[]event{{first: 10, last: 13}}, snapshot{last: 10, bids: level(2), asks: level(2)}, feed.ErrCrossed, 0},
		"crossed later":  {[]event{{first: 10, last: 13, asks: level(1)}}, snapshot{last: 10, bids: level(1), asks: level(2)}, feed.ErrCrossed, 0},
		"not in order":   {[]event{{first: 10, last: 13}}, snapshot{last: 10, bids: append(level(1), level(2)...), asks: level(3)}, feed.ErrMalformed, 1},
		"of the far end": {[]event{{first: 10, last: 13}}, snapshot{last: 1<<64 - 1, bids: level(1), asks: level(2)}, feed.ErrOld, 1},
	} {
		r := newReplica(10, 0)
		for _, e := range c.kept {
			if err := r.take(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.load(c.shot); !errors.Is(err, c.want) || r.synced || len(r.kept) != c.left {
			t.Errorf("%s: %v, synced %t, kept %d", name, err, r.synced, len(r.kept))
		}
	}
}

// Events kept for a snapshot are bounded in number and levels, and a snapshot from
// before those that were forgotten is too old.
func TestKeptEventsAreBounded(t *testing.T) {
	t.Parallel()
	for name, levels := range map[string]int{"number": 0, "levels": maxKeptLevels/10 + 1} {
		r := newReplica(10, 0)
		for id := range uint64(3 * maxKept) {
			if err := r.take(event{first: id + 1, last: id + 1, bids: make([]book.Level, levels)}); err != nil {
				t.Fatal(err)
			}
			if len(r.kept) > maxKept || r.keptLevels > max(maxKeptLevels, levels) || r.keptLevels != len(r.kept)*levels {
				t.Fatalf("%s: %d events of %d levels are kept", name, len(r.kept), r.keptLevels)
			}
		}
		if err := r.load(snapshot{last: 1}); !errors.Is(err, feed.ErrOld) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A snapshot far ahead of its stream does not silence the venue for good.
func TestSnapshotAheadOfTheStream(t *testing.T) {
	t.Parallel()
	r := newReplica(10, 0)
	if err := r.take(event{first: 1, last: 1}); err != nil {
		t.Fatal(err)
	}
	if err := r.load(snapshot{last: 1 << 60}); err != nil {
		t.Fatal(err)
	}
	for id := uint64(2); ; id++ {
		err := r.take(event{first: id, last: id})
		if err == nil && id <= maxKept+1 {
			continue
		}
		if !errors.Is(err, feed.ErrGap) || r.synced {
			t.Fatalf("event %d: %v, synced %t", id, err, r.synced)
		}
		break
	}
}

// A gap among the kept events is told, and what was before it is forgotten.
func TestGapAmongKeptEvents(t *testing.T) {
	t.Parallel()
	r := newReplica(10, 0)
	for _, c := range []struct {
		e    event
		want error
		kept int
	}{{event{first: 1, last: 3}, nil, 1}, {event{first: 4, last: 4}, nil, 2}, {event{first: 6, last: 7}, feed.ErrGap, 1}, {event{first: 7, last: 7}, feed.ErrGap, 1}} {
		if err := r.take(c.e); !errors.Is(err, c.want) || c.want == nil && err != nil || len(r.kept) != c.kept {
			t.Fatalf("%+v: %v, %d kept", c.e, err, len(r.kept))
		}
	}
}
