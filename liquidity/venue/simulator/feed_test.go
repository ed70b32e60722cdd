package simulator

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
)

func join(t *testing.T, f *feed) *client {
	t.Helper()
	c, err := f.join()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// event steps until an event has happened, sent or not, and answers its numbers.
func event(t *testing.T, f *feed) (first, last uint64) {
	t.Helper()
	before := f.exchange.flushed
	for f.exchange.flushed == before {
		if err := f.step(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	return before + 1, f.exchange.flushed
}

// numbers reads all that waits for the client: the first and last numbers of each
// event, and zeros for what is no event.
func numbers(t *testing.T, c *client) [][2]uint64 {
	t.Helper()
	var got [][2]uint64
	for {
		select {
		case m, open := <-c.messages:
			if !open {
				return got
			}
			var u depthUpdate
			if err := json.Unmarshal(m.raw, &u); err != nil || u.Event != "depthUpdate" {
				u = depthUpdate{}
			}
			got = append(got, [2]uint64{u.First, u.Last})
		default:
			return got
		}
	}
}

func inject(t *testing.T, f *feed, fault Fault) {
	t.Helper()
	if err := f.inject(fault, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// A fault changes the events it counts, and none after them.
func TestFaultsOfEvents(t *testing.T) {
	t.Parallel()
	for kind, want := range map[Kind]func(a, b, c [2]uint64) [][2]uint64{
		Gap:     func(_, _, c [2]uint64) [][2]uint64 { return [][2]uint64{c} },
		Repeat:  func(a, b, c [2]uint64) [][2]uint64 { return [][2]uint64{a, a, b, b, c} },
		Garbage: func(_, _, c [2]uint64) [][2]uint64 { return [][2]uint64{{}, {}, c} },
		Crossed: func(a, b, c [2]uint64) [][2]uint64 { return [][2]uint64{a, b, c} },
	} {
		f := newFeed(1, parse(t, "ETH-BTC=0.035"), Binance)
		c := join(t, f)
		inject(t, f, Fault{Kind: kind, Count: 2})
		var events [3][2]uint64
		for i := range events {
			events[i][0], events[i][1] = event(t, f)
		}
		if n := f.withheld; (kind == Gap) != (n == 2) || kind != Gap && n != 0 {
			t.Errorf("%s: %d events count as withheld", kind, n)
		}
		got := numbers(t, c)
		expected := want(events[0], events[1], events[2])
		if len(got) != len(expected) {
			t.Fatalf("%s: %v, want %v", kind, got, expected)
		}
		for i := range got {
			if got[i] != expected[i] {
				t.Errorf("%s: %v, want %v", kind, got, expected)
			}
		}
	}
}

func TestStallAndResume(t *testing.T) {
	t.Parallel()
	f := newFeed(1, parse(t, "ETH-BTC=0.035"), Binance)
	for _, count := range []int{0, 50} {
		inject(t, f, Fault{Kind: Stall, Count: count})
		c := join(t, f)
		for range 50 {
			if err := f.step(time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		if told := numbers(t, c); len(told) > 0 {
			t.Errorf("stall of %d: %v was told", count, told)
		}
		if count == 0 {
			inject(t, f, Fault{Kind: Resume})
		}
		event(t, f)
	}
}

// Disconnect ends those of now; HalfOpen leaves them without a word; Shutdown
// tells them and ends them later. Who comes afterwards hears everything.
func TestFaultsOfConnections(t *testing.T) {
	t.Parallel()
	for kind, c := range map[Kind]struct {
		told int
		open bool
	}{Disconnect: {0, false}, HalfOpen: {0, true}, Shutdown: {3, false}} {
		f := newFeed(1, parse(t, "ETH-BTC=0.035"), Binance)
		old := join(t, f)
		inject(t, f, Fault{Kind: kind, Count: 2})
		fresh := join(t, f)
		for range 5 {
			event(t, f)
		}
		if got := numbers(t, old); len(got) != c.told {
			t.Errorf("%s: the old client was told %v", kind, got)
		}
		select {
		case _, open := <-old.messages:
			if open || c.open {
				t.Errorf("%s: the old client's connection has ended: %t", kind, !open)
			}
		default:
			if !c.open {
				t.Errorf("%s: the old client is still connected", kind)
			}
		}
		if got := numbers(t, fresh); len(got) != 5 {
			t.Errorf("%s: the new client was told %v", kind, got)
		}
	}
}

// A client that does not read is cut off; the others go on.
func TestSlowClientIsCutOff(t *testing.T) {
	t.Parallel()
	f := newFeed(1, parse(t, "ETH-BTC=0.035"), Binance)
	slow, quick := join(t, f), join(t, f)
	for range 2 * clientQueue {
		event(t, f)
		<-quick.messages
	}
	n := 0
	for range slow.messages {
		n++
	}
	if n != clientQueue {
		t.Errorf("the slow client got %d events, want the %d of its queue", n, clientQueue)
	}
	event(t, f)
	if _, open := <-quick.messages; !open {
		t.Error("the quick client was cut off too")
	}
	f.leave(slow)
}

func TestFeedIsBounded(t *testing.T) {
	t.Parallel()
	f := newFeed(1, parse(t, "ETH-BTC=0.035"), Binance)
	var last *client
	for range maxClients {
		last = join(t, f)
	}
	if _, err := f.join(); !errors.Is(err, errFull) {
		t.Errorf("one client too many: %v", err)
	}
	f.leave(last)
	join(t, f)
	f.end()
	if _, err := f.join(); !errors.Is(err, errFull) {
		t.Errorf("after the end: %v", err)
	}
}

// Weight is counted by the minute.
func TestWeights(t *testing.T) {
	t.Parallel()
	var w weights
	start := time.Date(2026, 1, 2, 3, 4, 30, 0, time.UTC)
	for _, c := range []struct {
		after        time.Duration
		limit        int
		used, resets int
	}{{0, 100, 5, 30}, {0, 500, 30, 30}, {10 * time.Second, 1000, 80, 20}, {20 * time.Second, 5000, 330, 10}, {30 * time.Second, 1, 5, 60}} {
		used, rest := w.use(start.Add(c.after), weightOf(c.limit))
		if used != c.used || rest != time.Duration(c.resets)*time.Second {
			t.Errorf("after %s: %d used, %s left", c.after, used, rest)
		}
	}
}
