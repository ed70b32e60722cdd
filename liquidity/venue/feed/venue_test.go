package feed_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
	"ferry/swap/asset"
)

// hopeless is a protocol whose book is never told, or never right.
type hopeless struct {
	feed.Streamed
	err error
}

func (hopeless) Doubt() {}
func (h hopeless) Take([]byte) (feed.Message, error) {
	return feed.Message{Kind: feed.Heartbeat}, h.err
}
func (hopeless) Trusted() bool    { return false }
func (hopeless) Book() *book.Book { return nil }

func configured(stream string, p feed.Protocol) feed.Config {
	return feed.Config{Venue: "hopeless", Market: feed.Market{StreamURL: stream, StaleAfter: time.Minute, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Instrument: liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}}, Life: time.Hour, BookWithin: 200 * time.Millisecond, MaxFrame: 1 << 10, DialMost: 100, DialWindow: time.Minute,
		Name: "it", BooksMost: 1, Wire: func() feed.Wire { return feed.Alone{Name: "it", Ask: []byte("hello")} }, Open: func() feed.Protocol { return p }}
}

// A venue that is alive and never tells a book that can be trusted is given up after a
// while and tried anew; no top comes of it, and it is not asked in a rush.
func TestBookThatNeverComes(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]hopeless{"never told": {}, "never right": {err: feed.ErrChecksum}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conn, err := websocket.Accept(w, r, nil)
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.CloseNow()
				beat := time.NewTicker(2 * time.Millisecond)
				defer beat.Stop()
				ctx, cancel := context.WithCancel(r.Context())
				go func() {
					defer cancel()
					for {
						if _, _, err := conn.Read(ctx); err != nil {
							return
						}
						asked.Add(1)
					}
				}()
				for {
					select {
					case <-ctx.Done():
						return
					case <-beat.C:
						if err := conn.Write(ctx, websocket.MessageText, []byte("beat")); err != nil {
							return
						}
					}
				}
			}))
			t.Cleanup(server.Close)
			v, err := feed.New(configured("ws"+strings.TrimPrefix(server.URL, "http"), p))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			outages := 0
			if err := v.Stream(ctx, func(top liquidity.Top) {
				if top.Unavailable == "" {
					t.Errorf("a top: %+v", top)
				}
				if outages++; outages == 2 {
					cancel()
				}
			}); err != nil {
				t.Fatal(err)
			}
			c := v.Counters()
			// Per connection once at first, and with growing pauses from 25 ms on.
			if outages < 2 || c.Connections < 2 || asked.Load() > 20*int64(c.Connections) || (c.Checksums > 0) != (p.err != nil) || (c.Resubscribed > 0) != (p.err != nil) {
				t.Errorf("asked %d times, counters %+v", asked.Load(), c)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := configured("wss://venue.example/path", hopeless{})
	good.Snapshots = &feed.Snapshots{URL: "https://venue.example/book", Cost: 1, Limit: 2, Per: time.Minute}
	if _, err := feed.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*feed.Config){
		"no name": func(c *feed.Config) { c.Venue = "" }, "no stream": func(c *feed.Config) { c.StreamURL = "" },
		"a user": func(c *feed.Config) { c.StreamURL = "ws://me@venue.example" }, "no instrument": func(c *feed.Config) { c.Instrument = liquidity.Instrument{} },
		"no staleness": func(c *feed.Config) { c.StaleAfter = 0 }, "no life": func(c *feed.Config) { c.Life = 0 }, "no frames": func(c *feed.Config) { c.MaxFrame = 0 },
		"long frames": func(c *feed.Config) { c.MaxFrame = 1 << 30 }, "no dials": func(c *feed.Config) { c.DialMost = 0 }, "no window": func(c *feed.Config) { c.DialWindow = 0 },
		"no protocol": func(c *feed.Config) { c.Open = nil }, "no wire": func(c *feed.Config) { c.Wire = nil }, "no name at it": func(c *feed.Config) { c.Name = "" }, "no room": func(c *feed.Config) { c.BooksMost = 0 }, "no log": func(c *feed.Config) { c.Log = nil }, "no clock": func(c *feed.Config) { c.Now = nil },
		"a time before now": func(c *feed.Config) { c.BookWithin = -1 },
		"snapshots over ws": func(c *feed.Config) { c.Snapshots = &feed.Snapshots{URL: "ws://x", Cost: 1, Limit: 1, Per: 1} },
		"no budget":         func(c *feed.Config) { c.Snapshots = &feed.Snapshots{URL: "http://x", Cost: 2, Limit: 1, Per: 1} },
	} {
		c := good
		change(&c)
		if _, err := feed.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
