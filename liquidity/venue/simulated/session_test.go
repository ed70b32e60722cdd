package simulated

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/swap/asset"
)

var ethBtc = liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}

const (
	goodTop   = `{"type":"top","pair":"ETH-BTC","seq":7,"time":"2026-01-02T03:04:05Z","bid":{"price":"0.035","size":"12.5"},"ask":{"price":"0.03500001","size":"1"}}`
	heartbeat = `{"type":"heartbeat","pair":"ETH-BTC","seq":8,"time":"2026-01-02T03:04:06Z"}`
)

func newSession(t testing.TB) *session {
	t.Helper()
	v, err := New(Config{URL: "ws://127.0.0.1:1", Instrument: ethBtc, StaleAfter: time.Second, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return &session{venue: v, top: liquidity.Top{Instrument: ethBtc}}
}

func TestSessionFollowsFrames(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	at := time.Date(2026, 1, 2, 3, 4, 7, 0, time.UTC)
	for _, frame := range []string{goodTop, heartbeat} {
		if err := s.apply([]byte(frame), at); err != nil {
			t.Fatal(err)
		}
	}
	want := liquidity.Top{Instrument: ethBtc, Bid: liquidity.Level{Price: 3_500_000, Size: 1_250_000_000},
		Ask: liquidity.Level{Price: 3_500_001, Size: 100_000_000}, VenueTime: at.Add(-time.Second), ReceivedAt: at}
	if s.top != want {
		t.Errorf("top is %+v, want %+v", s.top, want)
	}
}

func TestSessionRefuses(t *testing.T) {
	t.Parallel()
	change := func(old, fresh string) []string { return []string{strings.Replace(goodTop, old, fresh, 1)} }
	cases := map[string][]string{
		"heartbeat first":   {heartbeat},
		"gap":               {goodTop, strings.Replace(heartbeat, `"seq":8`, `"seq":9`, 1)},
		"repetition":        {goodTop, goodTop},
		"no number":         change(`"seq":7`, `"seq":0`),
		"another pair":      change("ETH-BTC", "BTC-ETH"),
		"another type":      change(`"top"`, `"tip"`),
		"unknown field":     change(`"seq"`, `"sequence":1,"seq"`),
		"no time":           change("2026-01-02T03:04:05Z", "0001-01-01T00:00:00Z"),
		"a second document": {goodTop + "{}"},
		"no ask":            change(`"ask"`, `"bid"`),
		"heartbeat with bid": {goodTop, strings.Replace(strings.Replace(goodTop, `"top"`, `"heartbeat"`, 1),
			`"seq":7`, `"seq":8`, 1)},
		"price of a float":    change(`"0.035"`, `0.035`),
		"exponent":            change("0.035", "35e-3"),
		"negative":            change("0.035", "-0.035"),
		"nine places":         change("0.03500001", "0.035000001"),
		"more than 64 bits":   change("12.5", "184467440737.09551616"),
		"size without digits": change("12.5", "."),
		"no JSON":             {"hello"},
		"nothing":             {""},
	}
	for name, frames := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSession(t)
			for i, frame := range frames {
				err := s.apply([]byte(frame), time.Now())
				if last := i == len(frames)-1; last != errors.Is(err, ErrMalformed) {
					t.Fatalf("frame %d: %v", i, err)
				}
			}
		})
	}
}

// Whatever a venue says, a frame that is accepted has both levels in ticks that
// write back to the same numbers, and one that is refused changes nothing.
func FuzzSession(f *testing.F) {
	f.Add([]byte(goodTop))
	f.Add([]byte(heartbeat))
	f.Add([]byte(`{"type":"top","pair":"ETH-BTC","seq":7,"time":"2026-01-02T03:04:05Z","bid":{},"ask":{}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := newSession(t)
		before := *s
		if err := s.apply(raw, time.Unix(1, 0)); err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("%v is not ErrMalformed", err)
			}
			if s.seq != before.seq || s.top.ReceivedAt != before.top.ReceivedAt {
				t.Fatalf("a refused frame changed %+v to %+v", before, *s)
			}
			return
		}
		for _, ticks := range []uint64{s.top.Bid.Price, s.top.Bid.Size, s.top.Ask.Price, s.top.Ask.Size} {
			again, err := ParseTicks(FormatTicks(ticks, 8), 8)
			if err != nil || again != ticks {
				t.Fatalf("%d ticks read back are %d (%v)", ticks, again, err)
			}
		}
		if s.seq == 0 || s.top.VenueTime.IsZero() {
			t.Fatalf("accepted without number or time: %+v", s)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := Config{URL: "ws://127.0.0.1:1", Instrument: ethBtc, StaleAfter: time.Second, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	for name, change := range map[string]func(*Config){
		"no host":       func(c *Config) { c.URL = "ws://" },
		"http":          func(c *Config) { c.URL = "http://127.0.0.1:1" },
		"no address":    func(c *Config) { c.URL = "::" },
		"no instrument": func(c *Config) { c.Instrument = liquidity.Instrument{} },
		"no limit":      func(c *Config) { c.StaleAfter = 0 },
		"no log":        func(c *Config) { c.Log = nil },
		"no clock":      func(c *Config) { c.Now = nil },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestJitterIsBounded(t *testing.T) {
	t.Parallel()
	for range 1000 {
		if d := jitter(time.Second); d < time.Second/2 || d > time.Second {
			t.Fatalf("jitter of a second is %s", d)
		}
	}
}
