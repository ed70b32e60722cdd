package venuetest

import (
	"context"
	"testing"

	"ferry/liquidity"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/simulator"
)

// The outages that users read.
const (
	Suspect = "The book of ETH-BTC has a fault and is being read again."
	Lost    = "The connection to the venue of ETH-BTC is lost."
	Stale   = "The venue's feed of ETH-BTC is stale."
)

// Follower is a venue's client whose tops a test reads. Whatever is available must be
// one of the tops of the exchange with seed 1.
type Follower struct {
	t testing.TB
	*feed.Venue
	// Tops has every top the client tells of, until the test ends or Patience is over.
	Tops  <-chan liquidity.Top
	truth *truth
}

// Follow streams the client's tops until the test ends.
func Follow(t testing.TB, v *feed.Venue) *Follower {
	t.Helper()
	tops := make(chan liquidity.Top)
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	done := make(chan error, 1)
	go func() {
		defer close(tops)
		done <- v.Stream(ctx, func(top liquidity.Top) {
			select {
			case tops <- top:
			case <-ctx.Done():
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &Follower{t, v, tops, newTruth(Market(t), v.Name())}
}

// Next is the next top, which is true if it is available.
func (f *Follower) Next() liquidity.Top {
	f.t.Helper()
	top, open := <-f.Tops
	if !open {
		f.t.Fatalf("no top came in time; so far %+v", f.Counters())
	}
	if top.Unavailable == "" && !f.truth.has(top) {
		f.t.Fatalf("a top the exchange never had: %+v", top)
	}
	return top
}

// Await reads until a top is available.
func (f *Follower) Await() liquidity.Top {
	f.t.Helper()
	for {
		if top := f.Next(); top.Unavailable == "" {
			return top
		}
	}
}

// Settle reads until events are applied: one that was lost right after a snapshot
// could be in the snapshot.
func (f *Follower) Settle() {
	f.t.Helper()
	for range 5 {
		f.Await()
	}
}

// Outage reads until there is one, and checks what it says.
func (f *Follower) Outage(want string) {
	f.t.Helper()
	for {
		switch top := f.Next(); top.Unavailable {
		case "":
		case want:
			return
		default:
			f.t.Fatalf("outage %q, want %q", top.Unavailable, want)
		}
	}
}

// truth is what the tops of the exchange with seed 1 are, step by step. It plays the
// walk itself, as far as it is asked.
type truth struct {
	exchange *simulator.Exchange
	seen     map[[2]liquidity.Level]bool
}

// ahead is how many steps the walk may have taken in all: more than Patience allows.
const ahead = 60_000

func newTruth(m simulator.Market, venue string) *truth {
	r := &truth{simulator.NewExchange(1, m, venue), map[[2]liquidity.Level]bool{}}
	r.note()
	return r
}

func (r *truth) note() {
	s := r.exchange.Snapshot(1)
	r.seen[[2]liquidity.Level{liquidity.Level(s.Bids[0]), liquidity.Level(s.Asks[0])}] = true
}

func (r *truth) has(top liquidity.Top) bool {
	for !r.seen[[2]liquidity.Level{top.Bid, top.Ask}] {
		if len(r.seen) > ahead {
			return false
		}
		r.exchange.Step()
		r.note()
	}
	return true
}
