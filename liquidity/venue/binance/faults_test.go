package binance_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"ferry/liquidity"
	"ferry/liquidity/venue/binance"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/simulator"
	"ferry/liquidity/venue/venuetest"
	"ferry/swap"
	"ferry/swap/asset"
)

// Each fault of the book leads to an outage with its reason, to one more snapshot on
// the same connection, and to a count.
func TestFaultsOfTheBook(t *testing.T) {
	t.Parallel()
	for _, kind := range []simulator.Kind{simulator.Gap, simulator.Repeat, simulator.Crossed} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			x := simulate(t, "127.0.0.1:0")
			f := follow(t, x.Address, nil)
			f.Settle()
			x.Fault(kind, 1, 0)
			f.Outage(venuetest.Suspect)
			f.Await()
			want := feed.Counters{Connections: 1, Snapshots: 2, Gaps: 1}
			if kind == simulator.Crossed {
				want.Gaps, want.Crossed = 0, 1
			}
			got := f.Counters()
			want.Messages = got.Messages
			if got != want {
				t.Errorf("counters %+v, want %+v", got, want)
			}
		})
	}
}

// A snapshot that is refused or old is asked for again, on the same connection and
// not before the venue allows it; until then there is no price.
func TestFaultsOfSnapshots(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind           simulator.Kind
		count, seconds int
		want           feed.Counters
	}{
		{simulator.Throttle, 1, 1, feed.Counters{FailedSnapshots: 1, Throttled: 1}},
		{simulator.Ban, 1, 1, feed.Counters{FailedSnapshots: 1, Throttled: 1}},
		{simulator.Failure, 3, 0, feed.Counters{FailedSnapshots: 3}},
		{simulator.OldSnapshot, 3, 0, feed.Counters{OldSnapshots: 3}},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			t.Parallel()
			x := simulate(t, "127.0.0.1:0")
			f := follow(t, x.Address, nil)
			f.Settle()
			x.Fault(c.kind, c.count, c.seconds)
			x.Fault(simulator.Gap, 1, 0)
			f.Outage(venuetest.Suspect)
			outage := time.Now()
			f.Await()
			if waited := time.Since(outage); waited < time.Duration(c.seconds)*time.Second*9/10 {
				t.Errorf("asked again after %s", waited)
			}
			got := f.Counters()
			c.want.Connections, c.want.Snapshots, c.want.Gaps, c.want.Messages = 1, 2, 1, got.Messages
			if got != c.want {
				t.Errorf("counters %+v, want %+v", got, c.want)
			}
		})
	}
}

// A connection that ends, or says something that can't be, is replaced.
func TestFaultsOfConnections(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind       simulator.Kind
		reason     string
		staleAfter time.Duration
	}{
		{simulator.Disconnect, venuetest.Lost, 10 * time.Second},
		{simulator.Garbage, venuetest.Lost, 10 * time.Second},
		{simulator.HalfOpen, venuetest.Stale, 300 * time.Millisecond},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			t.Parallel()
			x := simulate(t, "127.0.0.1:0")
			f := follow(t, x.Address, func(b *binance.Config) { b.StaleAfter = c.staleAfter })
			for range 2 {
				f.Settle()
				x.Fault(c.kind, 1, 0)
				f.Outage(c.reason)
			}
			f.Await()
			got := f.Counters()
			if got.Connections < 3 || (got.Malformed > 0) != (c.kind == simulator.Garbage) || (got.Stale > 0) != (c.kind == simulator.HalfOpen) {
				t.Errorf("counters %+v", got)
			}
		})
	}
}

// told calls after once a top has been delivered.
type told struct {
	liquidity.Source
	after func(liquidity.Top)
}

func (s told) Stream(ctx context.Context, deliver func(liquidity.Top)) error {
	return s.Source.Stream(ctx, func(top liquidity.Top) {
		deliver(top)
		s.after(top)
	})
}

// A venue that falls silent prices nothing, and the refusal says why; when it speaks
// again, it prices again.
func TestStaleFeedStopsPrices(t *testing.T) {
	t.Parallel()
	x := simulate(t, "127.0.0.1:0")
	v, err := binance.New(config(x.Address, 300*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	tops := make(chan liquidity.Top)
	ctx, cancel := context.WithTimeout(t.Context(), venuetest.Patience)
	defer cancel()
	m, err := liquidity.NewMarket(time.Now, told{v, func(top liquidity.Top) {
		select {
		case tops <- top:
		case <-ctx.Done():
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	pair := asset.Pair{From: asset.BTC, To: asset.ETH}
	until := func(ready func(liquidity.Top, error) bool) {
		t.Helper()
		for {
			select {
			case <-ctx.Done():
				t.Fatal("it did not happen in time")
			case told := <-tops:
				if _, err := m.Top(pair); ready(told, err) {
					return
				}
			}
		}
	}
	until(func(_ liquidity.Top, err error) bool { return err == nil })
	x.Fault(simulator.Stall, 0, 0)
	until(func(top liquidity.Top, err error) bool {
		var refusal *swap.Error
		return top.Unavailable != "" && errors.As(err, &refusal) && refusal.Code == swap.CodePriceUnavailable && refusal.Message == venuetest.Stale
	})
	x.Fault(simulator.Resume, 0, 0)
	until(func(_ liquidity.Top, err error) bool { return err == nil })
	if c := v.Counters(); c.Stale == 0 {
		t.Errorf("counters %+v", c)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A connection whose end is known is replaced by one that has a book already: there
// is no outage.
func TestHandover(t *testing.T) {
	t.Parallel()
	for name, life := range map[string]time.Duration{"shutdown notice": 0, "end of life": 500 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := simulate(t, "127.0.0.1:0")
			f := follow(t, x.Address, func(c *binance.Config) { c.Life = life })
			f.Await()
			if life == 0 {
				x.Fault(simulator.Shutdown, 1000, 0)
			}
			for n := 0; n < 100; {
				if top := f.Next(); top.Unavailable != "" {
					t.Fatalf("outage %q", top.Unavailable)
				}
				if c := f.Counters(); c.Handovers > 0 {
					n++
				}
			}
			if c := f.Counters(); c.Connections < 2 || (c.Shutdowns == 1) != (life == 0) {
				t.Errorf("counters %+v", c)
			}
		})
	}
}

// A venue that shuts down without being left in time is an outage like any other.
func TestShutdownAtOnce(t *testing.T) {
	t.Parallel()
	x := simulate(t, "127.0.0.1:0")
	f := follow(t, x.Address, nil)
	f.Await()
	x.Fault(simulator.Failure, 5, 0)
	x.Fault(simulator.Shutdown, 1, 0)
	f.Outage(venuetest.Lost)
	f.Await()
}

// The simulator is stopped and started again: an outage, then prices again, on the
// same stream. Its numbers begin anew each time.
func TestRestart(t *testing.T) {
	t.Parallel()
	x := simulate(t, "127.0.0.1:0")
	f := follow(t, x.Address, nil)
	for range 3 {
		f.Await()
		// The exchange ends its connections, and this one waits for us: read meanwhile.
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			x.Stop()
		}()
		f.Outage(venuetest.Lost)
		for gone := false; !gone; {
			select {
			case <-f.Tops:
			case <-stopped:
				gone = true
			}
		}
		x = simulate(t, x.Address)
	}
	f.Await()
}

// The venue's pings are answered: it does not give us up.
func TestPingsAreAnswered(t *testing.T) {
	t.Parallel()
	x := venuetest.Play(t, "127.0.0.1:0", func(c *simulator.Config) {
		c.Venues, c.Every, c.PingEvery, c.PongWithin = []string{simulator.Binance}, pace, 5*time.Millisecond, time.Second
	})
	f := follow(t, x.Address, nil)
	for range 500 { // two seconds at this pace
		f.Await()
	}
	if c := f.Counters(); c.Connections != 1 {
		t.Errorf("counters %+v", c)
	}
}

// Snapshots never cost more than their weight: then there is no price, and no request.
func TestWeightIsBounded(t *testing.T) {
	t.Parallel()
	x := simulate(t, "127.0.0.1:0")
	f := follow(t, x.Address, func(c *binance.Config) { c.Weight = 149 })
	for range 2 {
		f.Settle()
		x.Fault(simulator.Gap, 1, 0)
		f.Outage(venuetest.Suspect)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	select {
	case top := <-f.Tops:
		t.Errorf("beyond the weight came %+v", top)
	case <-ctx.Done():
	}
	if c := f.Counters(); c.Snapshots != 2 || c.FailedSnapshots+c.OldSnapshots != 0 || c.Messages < 20 {
		t.Errorf("counters %+v", c)
	}
}

// Under a storm of faults every price that is given is one the exchange had.
func TestStorm(t *testing.T) {
	t.Parallel()
	x := simulate(t, "127.0.0.1:0")
	f := follow(t, x.Address, func(c *binance.Config) { c.StaleAfter = 500 * time.Millisecond })
	storm := rand.New(rand.NewPCG(1, 2))
	faults := []simulator.Fault{
		{Kind: simulator.Gap, Count: 3}, {Kind: simulator.Gap}, {Kind: simulator.Repeat}, {Kind: simulator.Crossed}, {Kind: simulator.Garbage},
		{Kind: simulator.Stall, Count: 20}, {Kind: simulator.Disconnect}, {Kind: simulator.HalfOpen}, {Kind: simulator.Shutdown, Count: 30},
		{Kind: simulator.Failure}, {Kind: simulator.OldSnapshot, Count: 2},
	}
	for range 60 {
		for range storm.IntN(20) + 1 {
			f.Await()
		}
		for range storm.IntN(3) + 1 {
			fault := faults[storm.IntN(len(faults))]
			x.Fault(fault.Kind, fault.Count, 0)
		}
		for range storm.IntN(10) {
			f.Next()
		}
	}
	f.Await()
	if c := f.Counters(); c.Gaps == 0 || c.Crossed == 0 || c.OldSnapshots == 0 || c.FailedSnapshots == 0 || c.Malformed == 0 || c.Handovers == 0 {
		t.Errorf("a mild storm: %+v", c)
	}
}

// What no simulator of ours says: too long, binary, of another symbol, or a refusal
// to connect at all.
func TestBrokenVenues(t *testing.T) {
	t.Parallel()
	send := func(kind websocket.MessageType, text string) func(*websocket.Conn, context.Context) error {
		return func(c *websocket.Conn, ctx context.Context) error { return c.Write(ctx, kind, []byte(text)) }
	}
	for name, misbehave := range map[string]func(*websocket.Conn, context.Context) error{
		"too long":       send(websocket.MessageText, `{"e":"x"}`+strings.Repeat(" ", 1<<20)),
		"binary":         send(websocket.MessageBinary, `{"e":"x"}`),
		"another symbol": send(websocket.MessageText, `{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":1,"u":1,"b":[],"a":[]}`),
		"no handshake":   nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if misbehave == nil {
					w.WriteHeader(http.StatusBadGateway)
					return
				}
				conn, err := websocket.Accept(w, r, nil)
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.CloseNow()
				gone := conn.CloseRead(context.Background())
				if misbehave(conn, gone) == nil {
					<-gone.Done()
				}
			}))
			t.Cleanup(server.Close)
			f := follow(t, strings.TrimPrefix(server.URL, "http://"), nil)
			for range 2 {
				f.Outage(venuetest.Lost)
			}
		})
	}
}

// A venue that refuses connections with 429 is left alone for as long as it says.
func TestDialObeys(t *testing.T) {
	t.Parallel()
	knocks := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		knocks <- struct{}{}
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	t.Cleanup(server.Close)
	f := follow(t, strings.TrimPrefix(server.URL, "http://"), nil)
	f.Outage(venuetest.Lost)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	select {
	case top := <-f.Tops:
		t.Errorf("after the refusal came %+v", top)
	case <-ctx.Done():
	}
	if len(knocks) != 1 {
		t.Errorf("%d knocks", len(knocks))
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := binance.Config{StreamURL: "wss://data-stream.binance.vision", RestURL: "https://data-api.binance.vision", Symbol: "ETHBTC",
		Instrument: ethBTC, StaleAfter: time.Second, Log: venuetest.Quiet, Now: time.Now}
	if _, err := binance.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*binance.Config){
		"no host":          func(c *binance.Config) { c.StreamURL = "ws://" },
		"stream over http": func(c *binance.Config) { c.StreamURL = "http://127.0.0.1:1" },
		"rest over ws":     func(c *binance.Config) { c.RestURL = "ws://127.0.0.1:1" },
		"a path":           func(c *binance.Config) { c.RestURL = "http://127.0.0.1:1/api" },
		"a user":           func(c *binance.Config) { c.RestURL = "http://me@127.0.0.1:1" },
		"no address":       func(c *binance.Config) { c.StreamURL = "::" },
		"no symbol":        func(c *binance.Config) { c.Symbol = "" },
		"a small symbol":   func(c *binance.Config) { c.Symbol = "ethbtc" },
		"a symbol's query": func(c *binance.Config) { c.Symbol = "ETHBTC&X" },
		"no instrument":    func(c *binance.Config) { c.Instrument = liquidity.Instrument{} },
		"no limit":         func(c *binance.Config) { c.StaleAfter = 0 },
		"a long life":      func(c *binance.Config) { c.Life = 24 * time.Hour },
		"too light":        func(c *binance.Config) { c.Weight = 49 },
		"too heavy":        func(c *binance.Config) { c.Weight = 6001 },
		"no log":           func(c *binance.Config) { c.Log = nil },
		"no clock":         func(c *binance.Config) { c.Now = nil },
	} {
		c := good
		change(&c)
		if _, err := binance.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
