package bitstamp

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
	"ferry/swap/asset"
)

// recordedDiff is a message of the venue (its documents have tables and no example);
// recordedBook is of the form of "Order book" in its HTTP API.
const (
	recordedDiff = `{"data":{"timestamp":"1560182488","microtimestamp":"1560182488522670",
"bids":[["7937.24","0.00000000"],["7937.10","0.00000000"],["7935.33","3.14680000"],["7935.01","0.00000000"],["7934.55","0.00000000"]],
"asks":[["7945.54","0.10000000"],["7945.64","0.06000000"],["7946.48","4.00000000"],["7947.75","3.14700000"],["7948.10","0.00000000"]]},
"event":"data","channel":"diff_order_book_btcusd"}`
	recordedBook = `{"timestamp":"1560182488","microtimestamp":"1560182488522670","bids":[["7935.33","3.14680000"],["7934.00","1"]],"asks":[["7945.54","0.10000000"]]}`
)

var instrument = liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}

func opened() *protocol {
	p, _ := Open("btcusd", instrument).(*protocol)
	return p
}

func TestRecordedMessages(t *testing.T) {
	t.Parallel()
	p := opened()
	if p.Wants() {
		t.Error("a snapshot is wanted before there is any message")
	}
	m, err := p.Take([]byte(recordedDiff))
	if err != nil || m.Kind != feed.Update || m.At.UnixMicro() != 1560182488522670 || p.Trusted() || !p.Wants() {
		t.Fatalf("%+v, %v", m, err)
	}
	if err := p.Load([]byte(recordedBook)); err != nil || !p.Trusted() || p.Wants() {
		t.Fatal(err)
	}
	if l, _ := p.Book().Best(book.Bid); l != (book.Level{Price: 793_533_000_000, Size: 314_680_000}) {
		t.Errorf("%+v", l)
	}
	for raw, want := range map[string]feed.Kind{
		`{"event":"bts:subscription_succeeded","channel":"diff_order_book_btcusd","data":{}}`: feed.Other,
		`{"event":"bts:request_reconnect","channel":"","data":""}`:                            feed.Shutdown,
		`{"event":"bts:heartbeat","channel":"","data":{"status":"success"}}`:                  feed.Other,
	} {
		if m, err := opened().Take([]byte(raw)); err != nil || m.Kind != want {
			t.Errorf("%s: %+v, %v", raw, m, err)
		}
	}
	if _, err := opened().Take([]byte(`{"event":"bts:error","channel":"","data":{"code":null,"message":"Bad subscription string."}}`)); err == nil || errors.Is(err, feed.ErrMalformed) {
		t.Errorf("a refusal: %v", err)
	}
}

// start is a microtimestamp; times are counted from it.
const start = 1_560_182_488_000_000

func diff(at int, bids, asks string) []byte {
	return fmt.Appendf(nil, `{"data":%s,"channel":"diff_order_book_btcusd","event":"data"}`, body(at, bids, asks))
}

func body(at int, bids, asks string) []byte {
	return fmt.Appendf(nil, `{"timestamp":"1560182488","microtimestamp":"%d","bids":[%s],"asks":[%s]}`, start+at, bids, asks)
}

// following is a protocol whose book is 10 × 1 to 11 × 1 as of 5.
func following(t *testing.T) *protocol {
	p := opened()
	if _, err := p.Take(diff(1, `["8","1"]`, "")); err != nil {
		t.Fatal(err)
	}
	if err := p.Load(body(5, `["10","1"],["8","1"]`, `["11","1"]`)); err != nil {
		t.Fatal(err)
	}
	return p
}

// A snapshot is brought up to date with what was kept, and never set back by what it
// has in it already.
func TestMerge(t *testing.T) {
	t.Parallel()
	p := opened()
	for _, raw := range [][]byte{diff(10, `["9","1"]`, ""), diff(20, `["9","2"]`, ""), diff(30, `["9","3"]`, "")} {
		if _, err := p.Take(raw); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Load(body(5, `["9","9"]`, `["11","1"]`)); !errors.Is(err, feed.ErrOld) || p.Trusted() {
		t.Errorf("an old snapshot: %v", err)
	}
	if err := p.Load(body(20, `["9","2"]`, `["11","1"]`)); err != nil {
		t.Fatal(err)
	}
	if l, _ := p.Book().Best(book.Bid); l.Size != 300_000_000 {
		t.Errorf("%+v", l)
	}
	p = following(t)
	if _, err := p.Take(diff(4, `["10","0"]`, "")); err != nil {
		t.Fatal(err)
	}
	if l, _ := p.Book().Best(book.Bid); l.Price != 1_000_000_000 {
		t.Errorf("set back to %+v", l)
	}
}

// A book is compared with a snapshot at the same moment, whichever of the two is
// ahead; only a difference counts.
func TestReread(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		said    [][]byte
		shot    []byte
		later   [][]byte
		gap     bool
		trusted bool
	}{
		"behind, the same":    {[][]byte{diff(6, `["10","2"]`, ""), diff(9, `["10","3"]`, "")}, body(6, `["10","2"],["8","1"]`, `["11","1"]`), nil, false, true},
		"behind, different":   {[][]byte{diff(6, `["10","2"]`, ""), diff(9, `["10","3"]`, "")}, body(6, `["10","2"],["8","2"]`, `["11","1"]`), nil, true, true},
		"ahead, the same":     {nil, body(8, `["10","5"],["8","1"]`, `["11","1"]`), [][]byte{diff(7, `["10","5"]`, ""), diff(9, `["10","6"]`, "")}, false, true},
		"ahead, different":    {nil, body(8, `["10","5"],["8","1"]`, `["11","1"]`), [][]byte{diff(9, `["10","6"]`, "")}, true, false},
		"ahead, nothing said": {nil, body(8, `["10","5"],["8","1"]`, `["11","1"]`), nil, false, true},
	} {
		p := following(t)
		for _, raw := range c.said {
			if _, err := p.Take(raw); err != nil {
				t.Fatal(err)
			}
		}
		err := p.Load(c.shot)
		for _, raw := range c.later {
			if _, later := p.Take(raw); later != nil {
				err = later
			}
		}
		if errors.Is(err, feed.ErrGap) != c.gap || err != nil && !c.gap || p.Trusted() != c.trusted {
			t.Errorf("%s: %v, trusted %t", name, err, p.Trusted())
		}
	}
}

func TestTimesGoForward(t *testing.T) {
	t.Parallel()
	p := following(t)
	for _, at := range []int{7, 7} {
		if _, err := p.Take(diff(at, `["10","2"]`, "")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Take(diff(6, `["10","2"]`, "")); !errors.Is(err, feed.ErrGap) || p.Trusted() || !p.Wants() {
		t.Errorf("%v, trusted %t", err, p.Trusted())
	}
}

// What is kept for snapshots is bounded.
func TestKeptIsBounded(t *testing.T) {
	t.Parallel()
	p := opened()
	for n := range 5*maxKept + 1 {
		if _, err := p.Take(diff(n, `["10","2"]`, "")); err != nil {
			t.Fatal(err)
		}
	}
	// The oldest half is given up at each message above twice the bound.
	if len(p.kept) < maxKept || len(p.kept) > 2*maxKept || p.keptLevels != len(p.kept) || p.kept[len(p.kept)-1].micros != start+5*maxKept {
		t.Errorf("%d messages, %d levels from %d", len(p.kept), p.keptLevels, p.kept[0].micros)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"no JSON": "hello", "cut off": recordedDiff[:90], "no event": `{"data":{}}`, "no time": strings.Replace(recordedDiff, "1560182488522670", "1560182488", 1),
		"no side": strings.Replace(recordedDiff, `"bids"`, `"b"`, 1), "a float": strings.Replace(recordedDiff, `"7937.24"`, "7937.24", 1),
		"another market": strings.Replace(recordedDiff, "btcusd", "btceur", 1), "no data": `{"event":"data","channel":"diff_order_book_btcusd"}`,
	} {
		if _, err := opened().Take([]byte(raw)); !errors.Is(err, feed.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, raw := range []string{"", "{}", `{"status":"error","reason":"Invalid market."}`, `{"microtimestamp":"1560182488522670","bids":[["1","1"],["2","1"]],"asks":[]}`} {
		p := opened()
		if _, err := p.Take([]byte(recordedDiff)); err != nil {
			t.Fatal(err)
		}
		if err := p.Load([]byte(raw)); !errors.Is(err, feed.ErrMalformed) || p.Trusted() {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// Whatever the venue says, as a message and as a snapshot: an error, or a book with
// two sides that are not crossed.
func FuzzTake(f *testing.F) {
	f.Add([]byte(recordedDiff), []byte(recordedBook))
	f.Add(diff(6, `["10","2"]`, ""), body(6, `["10","2"]`, `["11","1"]`))
	f.Add([]byte(`{"event":"bts:error","data":""}`), []byte(`{}`))
	f.Fuzz(func(t *testing.T, raw, shot []byte) {
		p := following(t)
		_, err := p.Take(raw)
		if errors.Is(err, feed.ErrGap) && p.Trusted() {
			t.Fatal("trusted after a gap")
		}
		sane := func() {
			if p.Trusted() && (p.Book().Crossed() || p.Book().Len(book.Bid) == 0 || p.Book().Len(book.Ask) == 0) {
				t.Fatal("a book that can't be is trusted")
			}
		}
		sane()
		_ = p.Load(shot)
		sane()
	})
}
