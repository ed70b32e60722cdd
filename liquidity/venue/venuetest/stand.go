package venuetest

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/simulator"
)

const (
	// patience ends a test that would wait for ever.
	patience = time.Minute
	// pace is a simulator in a hurry: an event every 8 ms.
	pace = 4 * time.Millisecond
)

// Quiet is a log that nobody reads.
var Quiet = slog.New(slog.DiscardHandler)

// The outages that users read.
const (
	suspect = "The book of ETH-BTC has a fault and is being read again."
	lost    = "The connection to the venue of ETH-BTC is lost."
	stale   = "The venue's feed of ETH-BTC is stale."
)

// Market is the one that is played.
func Market(t testing.TB) simulator.Market {
	t.Helper()
	m, err := simulator.ParseMarket("ETH-BTC=0.035")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Simulate plays venues on loopback until the test ends.
func Simulate(t testing.TB, venues ...string) (server *simulator.Server, address string) {
	t.Helper()
	server, err := simulator.New(simulator.Config{Seed: 1, Venues: venues, Markets: []simulator.Market{Market(t)}, Every: pace, Log: Quiet})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // the test's end closes it
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return server, l.Addr().String()
}

// stand is a simulated venue and its client.
type stand struct {
	t      *testing.T
	server *simulator.Server
	venue  *feed.Venue
	tops   <-chan liquidity.Top
	// Whatever is available must be one of the exchange's own tops, unless truth is nil.
	truth *truth
}

func (s Suite) stand(t *testing.T, staleAfter time.Duration) *stand {
	t.Helper()
	server, address := Simulate(t, s.Venue)
	v, err := s.New(address, staleAfter)
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
	return &stand{t, server, v, tops, newTruth(Market(t), s.Venue)}
}

func (s *stand) inject(kind simulator.Kind, count, seconds int) {
	s.t.Helper()
	if err := s.server.Inject(simulator.Fault{Kind: kind, Count: count, Seconds: seconds}); err != nil {
		s.t.Fatal(err)
	}
}

// next is the next top, which is true if it is available.
func (s *stand) next() liquidity.Top {
	s.t.Helper()
	top, open := <-s.tops
	if !open {
		s.t.Fatalf("no top came in time; so far %+v", s.venue.Counters())
	}
	if top.Unavailable == "" && s.truth != nil && !s.truth.has(top) {
		s.t.Fatalf("a top the exchange never had: %+v", top)
	}
	return top
}

// settle reads until the book was available some times.
func (s *stand) settle() {
	s.t.Helper()
	for n := 0; n < 5; {
		if s.next().Unavailable == "" {
			n++
		}
	}
}

// outage reads until there is one, and checks what it says.
func (s *stand) outage(want string) {
	s.t.Helper()
	for {
		switch top := s.next(); top.Unavailable {
		case "":
		case want:
			return
		default:
			s.t.Fatalf("outage %q, want %q", top.Unavailable, want)
		}
	}
}

// truth is what the tops of the exchange with seed 1 are, step by step. It plays the
// walk itself, as far as it is asked.
type truth struct {
	exchange *simulator.Exchange
	seen     map[[2]liquidity.Level]bool
}

// ahead is how many steps the walk may have taken in all: more than patience allows.
const ahead = 20_000

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
