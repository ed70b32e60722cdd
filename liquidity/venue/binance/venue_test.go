package binance_test

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/venue/binance"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/simulator"
	"ferry/liquidity/venue/venuetest"
)

var quiet = slog.New(slog.DiscardHandler)

const (
	// patience ends a test that would wait for ever.
	patience = time.Minute
	// pace is a simulator in a hurry: an event every 4 ms.
	pace = 2 * time.Millisecond
)

func market(t testing.TB) simulator.Market {
	t.Helper()
	m, err := simulator.ParseMarket("ETH-BTC=0.035")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// exchange is a simulator on loopback that a test runs.
type exchange struct {
	*simulator.Server
	address string
	stop    func()
}

// simulate runs a simulator on the address until stop, which waits for its end.
func simulate(t *testing.T, address string, change func(*simulator.Config)) exchange {
	t.Helper()
	c := simulator.Config{Seed: 1, Venues: []string{simulator.Binance}, Markets: []simulator.Market{market(t)}, Every: pace, Log: quiet}
	if change != nil {
		change(&c)
	}
	server, err := simulator.New(c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx, l) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return exchange{server, l.Addr().String(), stop}
}

// inject makes the exchange misbehave.
func (x exchange) inject(t *testing.T, kind simulator.Kind, count, seconds int) {
	t.Helper()
	if err := x.Inject(simulator.Fault{Kind: kind, Count: count, Seconds: seconds}); err != nil {
		t.Fatal(err)
	}
}

// follower is a venue whose tops a test reads.
type follower struct {
	t *testing.T
	*feed.Venue
	tops <-chan liquidity.Top
	// Whatever was available must be one of the exchange's own tops, unless truth
	// is nil.
	truth *truth
}

// follow streams the venue's tops into a channel until the test ends.
func follow(t *testing.T, address string, change func(*binance.Config)) follower {
	t.Helper()
	c := binance.Config{StreamURL: "ws://" + address, RestURL: "http://" + address, Symbol: "ETHBTC", Instrument: market(t).Instrument,
		StaleAfter: 10 * time.Second, Weight: 6000, Log: quiet, Now: time.Now}
	if change != nil {
		change(&c)
	}
	v, err := binance.New(c)
	if err != nil {
		t.Fatal(err)
	}
	tops := make(chan liquidity.Top)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
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
	return follower{t, v, tops, newTruth(market(t))}
}

// next is the next top, which is true if it is available.
func (f follower) next() liquidity.Top {
	f.t.Helper()
	top, open := <-f.tops
	if !open {
		f.t.Fatalf("no top came in time; so far %+v", f.Counters())
	}
	if top.Unavailable == "" && f.truth != nil && !f.truth.has(top) {
		f.t.Fatalf("a top the exchange never had: %+v", top)
	}
	return top
}

// await reads until a top is available.
func (f follower) await() liquidity.Top {
	f.t.Helper()
	for {
		if top := f.next(); top.Unavailable == "" {
			return top
		}
	}
}

// settle reads until events are applied: one that was lost right after a snapshot
// could be in the snapshot.
func (f follower) settle() {
	f.t.Helper()
	for range 5 {
		f.await()
	}
}

// awaitOutage reads until there is an outage, and checks what it says.
func (f follower) awaitOutage(want string) {
	f.t.Helper()
	for {
		top := f.next()
		if top.Unavailable == "" {
			continue
		}
		if top.Unavailable != want {
			f.t.Fatalf("outage %q, want %q", top.Unavailable, want)
		}
		return
	}
}

// truth is what the tops of the exchange with seed 1 are, step by step. It plays the
// walk itself, as far as it is asked.
type truth struct {
	exchange *simulator.Exchange
	seen     map[[2]liquidity.Level]bool
}

func newTruth(m simulator.Market) *truth {
	r := &truth{simulator.NewExchange(1, m, simulator.Binance), map[[2]liquidity.Level]bool{}}
	r.note()
	return r
}

func (r *truth) note() {
	s := r.exchange.Snapshot(1)
	r.seen[[2]liquidity.Level{liquidity.Level(s.Bids[0]), liquidity.Level(s.Asks[0])}] = true
}

// ahead is how many steps the walk may have taken in all: more than patience allows.
const ahead = 20_000

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

const (
	suspect = "The book of ETH-BTC has a fault and is being read again."
	lost    = "The connection to the venue of ETH-BTC is lost."
	stale   = "The venue's feed of ETH-BTC is stale."
)

func TestFollows(t *testing.T) {
	t.Parallel()
	x := simulate(t, "127.0.0.1:0", nil)
	f := follow(t, x.address, nil)
	changes := map[liquidity.Level]bool{}
	for range 100 {
		changes[f.await().Bid] = true
	}
	if len(changes) < 20 {
		t.Errorf("the bid had %d values only", len(changes))
	}
	if c := f.Counters(); c.Connections != 1 || c.Snapshots != 1 || c.Gaps+c.Crossed+c.Dry+c.Malformed+c.Stale != 0 {
		t.Errorf("counters %+v", c)
	}
}

// What every venue's client has to survive, besides what this one's own tests show.
func TestSuite(t *testing.T) {
	t.Parallel()
	gaps := func(c feed.Counters) uint64 { return c.Gaps }
	venuetest.Suite{Venue: simulator.Binance, Gap: gaps, Repeat: gaps, Fetched: true, Notice: true,
		New: func(address string, staleAfter time.Duration) (*feed.Venue, error) {
			return binance.New(binance.Config{StreamURL: "ws://" + address, RestURL: "http://" + address, Symbol: "ETHBTC", Instrument: market(t).Instrument,
				StaleAfter: staleAfter, Weight: 6000, Log: quiet, Now: time.Now})
		},
	}.Run(t)
}
