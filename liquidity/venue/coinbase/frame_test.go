package coinbase

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
	"ferry/swap/asset"
)

// The examples of the venue's document "Advanced Trade WebSocket Channels".
const (
	publishedSnapshot = `{"channel":"l2_data","client_id":"","timestamp":"2023-02-09T20:32:50.714964855Z","sequence_num":0,"events":[
{"type":"snapshot","product_id":"BTC-USD","updates":[
{"side":"bid","event_time":"1970-01-01T00:00:00Z","price_level":"21921.73","new_quantity":"0.06317902"},
{"side":"bid","event_time":"1970-01-01T00:00:00Z","price_level":"21921.3","new_quantity":"0.02"}]}]}`
	publishedHeartbeat = `{"channel":"heartbeats","client_id":"","timestamp":"2023-06-23T20:31:26.122969572Z","sequence_num":0,"events":[
{"current_time":"2023-06-23 20:31:56.121961769 +0000 UTC m=+91717.525857105","heartbeat_counter":"3049"}]}`
)

var instrument = liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}

func opened() *protocol {
	p, _ := Open("BTC-USD", instrument).(*protocol)
	return p
}

func TestPublishedMessages(t *testing.T) {
	t.Parallel()
	p := opened()
	// The example has no offers, so that its book can't be told.
	m, err := p.Take([]byte(publishedSnapshot))
	if !errors.Is(err, feed.ErrDry) || p.Trusted() || m.Kind != feed.Update || !m.At.Equal(time.Date(2023, 2, 9, 20, 32, 50, 714964855, time.UTC)) {
		t.Errorf("%+v, %v", m, err)
	}
	if l, ok := p.Book().Best(book.Bid); !ok || l != (book.Level{Price: 2_192_173_000_000, Size: 6_317_902}) || p.Book().Len(book.Bid) != 2 {
		t.Errorf("%+v of %d", l, p.Book().Len(book.Bid))
	}
	if m, err := opened().Take([]byte(publishedHeartbeat)); err != nil || m.Kind != feed.Heartbeat || m.At.IsZero() {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := opened().Take([]byte(`{"type":"error","message":"failure to subscribe"}`)); err == nil || errors.Is(err, feed.ErrMalformed) {
		t.Errorf("a refusal: %v", err)
	}
}

func l2(sequence int, kind, levels string) string {
	return fmt.Sprintf(`{"channel":"l2_data","client_id":"","timestamp":"2023-02-09T20:32:50Z","sequence_num":%d,"events":[{"type":"%s","product_id":"BTC-USD","updates":[%s]}]}`, sequence, kind, levels)
}

func level(side, price, quantity string) string {
	return fmt.Sprintf(`{"side":"%s","event_time":"1970-01-01T00:00:00Z","price_level":"%s","new_quantity":"%s"}`, side, price, quantity)
}

// Numbers go through all channels; a book is told again after a snapshot only.
func TestSequence(t *testing.T) {
	t.Parallel()
	p := opened()
	both := level("offer", "11", "1") + "," + level("bid", "9", "1") + "," + level("bid", "10", "1")
	beat := func(n int) string {
		return strings.Replace(publishedHeartbeat, `"sequence_num":0`, fmt.Sprintf(`"sequence_num":%d`, n), 1)
	}
	for n, c := range []struct {
		raw     string
		gap     bool
		trusted bool
	}{
		{l2(7, "snapshot", both), false, true},
		{beat(8), false, true},
		{l2(9, "update", level("bid", "10", "0")), false, true},
		{beat(11), true, false},                                  // 10 is missing
		{l2(13, "update", level("bid", "8", "2")), false, false}, // another one: nothing to lose now
		{l2(14, "snapshot", both), false, true},
		{l2(14, "update", level("bid", "8", "2")), true, false}, // repeated
		{l2(15, "snapshot", both), false, true},
		{l2(16, "update", ""), false, true},
	} {
		_, err := p.Take([]byte(c.raw))
		if errors.Is(err, feed.ErrGap) != c.gap || err != nil && !c.gap || p.Trusted() != c.trusted {
			t.Fatalf("message %d: %v, trusted %t", n, err, p.Trusted())
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"no JSON": "hello", "cut off": publishedSnapshot[:90], "no number": strings.Replace(publishedSnapshot, "sequence_num", "n", 1),
		"negative": strings.Replace(publishedSnapshot, `"sequence_num":0`, `"sequence_num":-1`, 1), "no time": strings.Replace(publishedSnapshot, "2023-02-09T", "", 1),
		"no side": strings.Replace(publishedSnapshot, `"bid"`, `"left"`, 1), "a float": strings.Replace(publishedSnapshot, `"0.02"`, "0.02", 1),
		"no size": strings.Replace(publishedSnapshot, "new_quantity", "quantity", 1), "free": strings.Replace(publishedSnapshot, `"21921.3"`, `"0"`, 1),
		"a price twice": strings.Replace(publishedSnapshot, `"21921.3"`, `"21921.73"`, 1), "another product": strings.Replace(publishedSnapshot, "BTC-USD", "ETH-USD", 1),
		"of no kind": strings.Replace(publishedSnapshot, `"snapshot"`, `"book"`, 1), "two books": strings.Replace(l2(0, "update", ""), `"events":[`, `"events":[{"type":"update"},`, 1),
	} {
		if _, err := opened().Take([]byte(raw)); !errors.Is(err, feed.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever the venue says: an error, or a book with two sides that are not crossed.
func FuzzTake(f *testing.F) {
	both := l2(0, "snapshot", level("offer", "11", "1")+","+level("bid", "10", "1"))
	for _, seed := range []string{publishedSnapshot, publishedHeartbeat, both, l2(1, "update", level("bid", "10", "0")), `{"type":"error","message":"x"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p := opened()
		if _, err := p.Take([]byte(both)); err != nil || !p.Trusted() {
			t.Fatal(err)
		}
		_, err := p.Take(raw)
		if errors.Is(err, feed.ErrGap) && p.Trusted() {
			t.Fatal("trusted after a gap")
		}
		if p.Trusted() && (p.Book().Crossed() || p.Book().Len(book.Bid) == 0 || p.Book().Len(book.Ask) == 0) {
			t.Fatal("a book that can't be is trusted")
		}
	})
}
