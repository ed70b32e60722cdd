package simulated_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"ferry/liquidity"
	"ferry/liquidity/venue/simulated"
	"ferry/liquidity/venue/simulated/simulator"
)

var quiet = slog.New(slog.DiscardHandler)

const patience = 30 * time.Second

func market(t *testing.T) simulator.Market {
	t.Helper()
	m, err := simulator.ParseMarket("ETH-BTC=0.035")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// simulate runs a simulator on the address until stop, which waits for its end.
func simulate(t *testing.T, address string) (at string, stop func()) {
	t.Helper()
	server, err := simulator.New(simulator.Config{Seed: 1, Markets: []simulator.Market{market(t)}, Every: 2 * time.Millisecond, Log: quiet})
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
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return l.Addr().String(), stop
}

// follow streams a venue's tops into a channel until the test ends.
func follow(t *testing.T, url string, staleAfter time.Duration) <-chan liquidity.Top {
	t.Helper()
	v, err := simulated.New(simulated.Config{URL: url, Instrument: market(t).Instrument, StaleAfter: staleAfter, Log: quiet, Now: time.Now})
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
	return tops
}

// await reads until a top is (or is not) available.
func await(t *testing.T, tops <-chan liquidity.Top, available bool) liquidity.Top {
	t.Helper()
	for top := range tops {
		if (top.Unavailable == "") == available {
			return top
		}
	}
	t.Fatalf("no top came that is available: %t", available)
	return liquidity.Top{}
}

// The simulator is killed and started again: an outage, then prices again, on the
// same stream.
func TestReconnect(t *testing.T) {
	t.Parallel()
	address, stop := simulate(t, "127.0.0.1:0")
	tops := follow(t, "ws://"+address, 5*time.Second)
	for range 3 {
		first := await(t, tops, true)
		if first.Bid.Price == 0 || first.Bid.Price >= first.Ask.Price || first.Bid.Size == 0 || first.Ask.Size == 0 {
			t.Fatalf("book %+v", first)
		}
		// The server waits for its clients, and this client for us: read meanwhile.
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			stop()
		}()
		lost := await(t, tops, false)
		<-stopped
		if lost.Unavailable == "" || lost.Instrument != first.Instrument {
			t.Fatalf("outage %+v", lost)
		}
		_, stop = simulate(t, address)
	}
	await(t, tops, true)
}

// Every client sees the same stream, whenever it came.
func TestSameStreamForAll(t *testing.T) {
	t.Parallel()
	address, _ := simulate(t, "127.0.0.1:0")
	one, other := follow(t, "ws://"+address, 5*time.Second), follow(t, "ws://"+address, 5*time.Second)
	seen := map[time.Time]liquidity.Top{}
	common := 0
	for common < 50 {
		for _, tops := range []<-chan liquidity.Top{one, other} {
			top := await(t, tops, true)
			had, ok := seen[top.VenueTime]
			if !ok {
				seen[top.VenueTime] = top
				continue
			}
			common++
			if had.Bid != top.Bid || had.Ask != top.Ask {
				t.Fatalf("at %s one client saw %+v, another %+v", top.VenueTime, had, top)
			}
		}
	}
}

// A venue that misbehaves is given up with an outage, and tried again.
func TestBrokenVenues(t *testing.T) {
	t.Parallel()
	frame := func(seq int, more string) string {
		return fmt.Sprintf(`{"type":"top","pair":"ETH-BTC","seq":%d,"time":"2026-01-02T03:04:05Z",`+
			`"bid":{"price":"0.03","size":"1"},"ask":{"price":"0.04","size":"1"}%s}`, seq, more)
	}
	cases := map[string]func(context.Context, *websocket.Conn) error{
		"silent": func(ctx context.Context, _ *websocket.Conn) error {
			<-ctx.Done()
			return nil
		},
		"skips a number": func(ctx context.Context, c *websocket.Conn) error {
			return c.Write(ctx, websocket.MessageText, []byte(frame(3, "")))
		},
		"too long": func(ctx context.Context, c *websocket.Conn) error {
			return c.Write(ctx, websocket.MessageText, []byte(frame(2, strings.Repeat(" ", simulated.MaxFrame))))
		},
		"binary": func(ctx context.Context, c *websocket.Conn) error {
			return c.Write(ctx, websocket.MessageBinary, []byte(frame(2, "")))
		},
	}
	for name, misbehave := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conn, err := websocket.Accept(w, r, nil)
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.CloseNow()
				gone := conn.CloseRead(context.Background())
				if err := conn.Write(gone, websocket.MessageText, []byte(frame(1, ""))); err != nil {
					return
				}
				if err := misbehave(gone, conn); err == nil {
					<-gone.Done()
				}
			}))
			t.Cleanup(server.Close)
			tops := follow(t, strings.Replace(server.URL, "http", "ws", 1), 100*time.Millisecond)
			for range 2 {
				await(t, tops, true)
				await(t, tops, false)
			}
		})
	}
}

func TestUnknownMarket(t *testing.T) {
	t.Parallel()
	address, _ := simulate(t, "127.0.0.1:0")
	res, err := http.Get("http://" + address + simulated.Path + "?pair=BTC-DOGE")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", res.StatusCode)
	}
}
