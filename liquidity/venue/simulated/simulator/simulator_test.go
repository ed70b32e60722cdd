package simulator

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func parse(t interface{ Fatal(...any) }, text string) Market {
	m, err := ParseMarket(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A seed gives one walk; its books are never crossed and never leave the band.
func TestWalk(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		m := parse(t, "ETH-BTC=0.035")
		m.Start = rapid.Uint64Range(minStart, maxStart).Draw(t, "start")
		one, other := NewWalk(seed, m), NewWalk(seed, m)
		for n := range 500 {
			if one.Book() != other.Book() || one.Step() != other.Step() {
				t.Fatalf("step %d differs", n)
			}
			b := one.Book()
			if b.Bid.Price >= b.Ask.Price || b.Bid.Size == 0 || b.Ask.Size == 0 {
				t.Fatalf("step %d: book %+v", n, b)
			}
			if b.Bid.Price < m.Start/100*49 || b.Ask.Price > m.Start/100*151 {
				t.Fatalf("step %d: book %+v has left the band around %d", n, b, m.Start)
			}
		}
	})
}

// The walk turns back at both ends of its band.
func TestWalkTurnsBack(t *testing.T) {
	t.Parallel()
	m := parse(t, "ETH-BTC=0.035")
	for _, end := range []uint64{m.Start / 2, m.Start / 2 * 3} {
		w := NewWalk(1, m)
		w.mid = end
		for range 100 {
			w.Step()
			if w.mid < m.Start/2-m.Start/10_000 || w.mid > m.Start/2*3+m.Start/10_000 {
				t.Fatalf("from %d the walk went on to %d", end, w.mid)
			}
		}
	}
}

func TestWalksDiffer(t *testing.T) {
	t.Parallel()
	m := parse(t, "ETH-BTC=0.035")
	back := parse(t, "BTC-ETH=0.035")
	first := NewWalk(1, m).Book()
	if NewWalk(2, m).Book() == first {
		t.Error("two seeds give the same book")
	}
	if NewWalk(1, back).Book() == first {
		t.Error("two markets of a seed give the same book")
	}
}

func TestParseMarket(t *testing.T) {
	t.Parallel()
	if m := parse(t, "ETH-BTC=0.035"); m.Start != 3_500_000 || m.Instrument.String() != "ETH-BTC" {
		t.Errorf("%+v", m)
	}
	for _, bad := range []string{"", "ETH-BTC", "ETHBTC=1", "ETH-ETH=1", "ETH-DOGE=1", "ETH-BTC=", "ETH-BTC=-1", "ETH-BTC=0", "ETH-BTC=0.0001", "ETH-BTC=99999999999", "ETH-BTC=0.035=2"} {
		if _, err := ParseMarket(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	m := parse(t, "ETH-BTC=0.035")
	log := slog.New(slog.DiscardHandler)
	for name, c := range map[string]Config{
		"no market": {Every: time.Second, Log: log}, "twice": {Markets: []Market{m, m}, Every: time.Second, Log: log},
		"no pace": {Markets: []Market{m}, Log: log}, "no log": {Markets: []Market{m}, Every: time.Second},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// A client that does not read is cut off; the others go on.
func TestSlowClientIsCutOff(t *testing.T) {
	t.Parallel()
	f := newFeed(1, parse(t, "ETH-BTC=0.035"))
	slow, err := f.join(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	quick, err := f.join(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 * clientQueue {
		<-quick
		if err := f.step(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for range slow {
		n++
	}
	if n != clientQueue {
		t.Errorf("the slow client got %d frames, want the %d of its queue", n, clientQueue)
	}
	if _, open := <-quick; !open {
		t.Error("the quick client was cut off too")
	}
	f.leave(slow)
}

func TestFeedIsBounded(t *testing.T) {
	t.Parallel()
	f := newFeed(1, parse(t, "ETH-BTC=0.035"))
	var last chan []byte
	for range maxClients {
		client, err := f.join(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		last = client
	}
	if _, err := f.join(time.Now()); !errors.Is(err, errFull) {
		t.Errorf("one client too many: %v", err)
	}
	f.leave(last)
	if _, err := f.join(time.Now()); err != nil {
		t.Errorf("after one left: %v", err)
	}
	f.cut()
	if _, err := f.join(time.Now()); !errors.Is(err, errFull) {
		t.Errorf("after the end: %v", err)
	}
}
