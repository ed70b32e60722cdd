package simulator

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/liquidity/book"
)

func parse(t interface{ Fatal(...any) }, text string) Market {
	m, err := ParseMarket(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A seed gives one exchange, whose book is never crossed and never leaves the band;
// its updates, put on any of its snapshots, lead to its book.
func TestExchange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		m := parse(t, "ETH-BTC=0.035")
		m.Start = rapid.Uint64Range(minStart, maxStart).Draw(t, "start")
		one, other := NewExchange(seed, m, Binance), NewExchange(seed, m, Binance)
		follower := book.New(10 * depth)
		joined, last := rapid.IntRange(0, 50).Draw(t, "joined"), uint64(firstID)
		for n := range 100 {
			if n == joined {
				s := one.Snapshot(maxSnapshot)
				if err := follower.Load(s.Bids, s.Asks, 0); err != nil {
					t.Fatal(err)
				}
			}
			one.Step()
			other.Step()
			s := one.Snapshot(maxSnapshot)
			if !reflect.DeepEqual(s, other.Snapshot(maxSnapshot)) {
				t.Fatalf("step %d differs", n)
			}
			if len(s.Bids) != depth || len(s.Asks) != depth || s.Bids[0].Price >= s.Asks[0].Price {
				t.Fatalf("step %d: book %+v", n, s)
			}
			if s.Bids[depth-1].Price < m.Start/100*49 || s.Asks[depth-1].Price > m.Start/100*151 {
				t.Fatalf("step %d: book %+v has left the band around %d", n, s, m.Start)
			}
			u, changed := one.Flush()
			if again, _ := other.Flush(); !reflect.DeepEqual(u, again) {
				t.Fatalf("update %d differs", n)
			}
			if !changed {
				continue
			}
			if u.First != last+1 || u.Last != s.Last {
				t.Fatalf("update %d to %d after %d, at %d", u.First, u.Last, last, s.Last)
			}
			last = u.Last
			apply(follower, u)
			if n >= joined && !same(follower, s) {
				t.Fatalf("step %d: whoever follows has another book", n)
			}
		}
	})
}

func apply(b *book.Book, u Update) {
	for _, l := range u.Bids {
		b.Set(book.Bid, l)
	}
	for _, l := range u.Asks {
		b.Set(book.Ask, l)
	}
}

func same(b *book.Book, s Snapshot) bool {
	return slices.Equal(slices.Collect(b.Levels(book.Bid)), s.Bids) && slices.Equal(slices.Collect(b.Levels(book.Ask)), s.Asks)
}

// The walk turns back at both ends of its band.
func TestWalkTurnsBack(t *testing.T) {
	t.Parallel()
	m := parse(t, "ETH-BTC=0.035")
	for _, end := range []uint64{m.Start / 2, m.Start / 2 * 3} {
		x := NewExchange(1, m, Binance)
		x.middle = end
		for range 100 {
			x.Step()
			if x.middle < m.Start/2-m.Start/10_000 || x.middle > m.Start/2*3+m.Start/10_000 {
				t.Fatalf("from %d the walk went on to %d", end, x.middle)
			}
		}
	}
}

func TestExchangesDiffer(t *testing.T) {
	t.Parallel()
	first := NewExchange(1, parse(t, "ETH-BTC=0.035"), Binance).Snapshot(1)
	for name, x := range map[string]*Exchange{"seed": NewExchange(2, parse(t, "ETH-BTC=0.035"), Binance), "market": NewExchange(1, parse(t, "BTC-ETH=0.035"), Binance)} {
		if reflect.DeepEqual(x.Snapshot(1), first) {
			t.Errorf("another %s gives the same book", name)
		}
	}
}

func TestSnapshotIsCutOff(t *testing.T) {
	t.Parallel()
	x := NewExchange(1, parse(t, "ETH-BTC=0.035"), Binance)
	all, few := x.Snapshot(maxSnapshot), x.Snapshot(3)
	if !slices.Equal(few.Bids, all.Bids[:3]) || !slices.Equal(few.Asks, all.Asks[:3]) || few.Last != all.Last {
		t.Errorf("%+v of %+v", few, all)
	}
}

// Messages look as in the venue's documents: names, their order, all places.
func TestWire(t *testing.T) {
	t.Parallel()
	levels := []book.Level{{Price: 3_500_000, Size: 1_250_000_000}, {Price: 3_499_999, Size: 0}}
	update, err := encodeUpdate(parse(t, "ETH-BTC=0.035"), Update{First: 157, Last: 160, Bids: levels, Asks: nil}, time.UnixMilli(1672515782136))
	want := `{"e":"depthUpdate","E":1672515782136,"s":"ETHBTC","U":157,"u":160,"b":[["0.03500000","12.50000000"],["0.03499999","0.00000000"]],"a":[]}`
	if err != nil || string(update) != want {
		t.Errorf("%s, %v; want %s", update, err, want)
	}
	snapshot, err := encodeSnapshot(Snapshot{Last: 1027024, Bids: levels[:1], Asks: levels[:1]})
	want = `{"lastUpdateId":1027024,"bids":[["0.03500000","12.50000000"]],"asks":[["0.03500000","12.50000000"]]}`
	if err != nil || string(snapshot) != want {
		t.Errorf("%s, %v; want %s", snapshot, err, want)
	}
}

func TestParseMarket(t *testing.T) {
	t.Parallel()
	if m := parse(t, "ETH-BTC=0.035"); m.Start != 3_500_000 || m.Instrument.String() != "ETH-BTC" || m.Symbol() != "ETHBTC" {
		t.Errorf("%+v", m)
	}
	for _, bad := range []string{"", "ETH-BTC", "ETHBTC=1", "ETH-ETH=1", "ETH-DOGE=1", "ETH-BTC=", "ETH-BTC=-1", "ETH-BTC=0", "ETH-BTC=0.0001", "ETH-BTC=99999999999", "ETH-BTC=0.035=2"} {
		if _, err := ParseMarket(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestParseScript(t *testing.T) {
	t.Parallel()
	got, err := ParseScript("throttle:2:1@1m,gap@5s,stall:50@20s")
	want := []Scheduled{{5 * time.Second, Fault{Kind: Gap}}, {20 * time.Second, Fault{Kind: Stall, Count: 50}},
		{time.Minute, Fault{Kind: Throttle, Count: 2, Seconds: 1}}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := ParseScript(""); err != nil || len(got) != 0 {
		t.Errorf("nothing: %+v, %v", got, err)
	}
	for _, bad := range []string{"gap", "gap@", "gap@-1s", "gap@soon", "rain@1s", "gap:x@1s", "gap:1:x@1s", "gap:1:2:3@1s", "gap:1001@1s", "gap:-1@1s", "ban:1:3601@1s", ","} {
		if got, err := ParseScript(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, got)
		}
	}
}
