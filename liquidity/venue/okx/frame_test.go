package okx

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

// publishedSnapshot and publishedUpdate are the examples of the venue's document
// "WS / Order book channel"; the update has the same levels and other numbers.
var (
	publishedSnapshot = published("snapshot", -1, 123456)
	publishedUpdate   = published("update", 123456, 123457)
)

func published(action string, previous, sequence int) string {
	return fmt.Sprintf(`{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"%s","data":[{
"asks":[["8476.98","415","0","13"],["8477","7","0","2"],["8477.34","85","0","1"],["8477.56","1","0","1"],["8505.84","8","0","1"],
["8506.37","85","0","1"],["8506.49","2","0","1"],["8506.96","100","0","2"]],
"bids":[["8476.97","256","0","12"],["8475.55","101","0","1"],["8475.54","100","0","1"],["8475.3","1","0","1"],["8447.32","6","0","1"],
["8447.02","246","0","1"],["8446.83","24","0","1"],["8446","95","0","3"]],
"ts":"1597026383085","checksum":-855196043,"prevSeqId":%d,"seqId":%d}]}`, action, previous, sequence)
}

var instrument = liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}

func opened() *protocol {
	p, _ := Open("BTC-USDT", instrument).(*protocol)
	return p
}

func TestPublishedMessages(t *testing.T) {
	t.Parallel()
	p := opened()
	for _, raw := range []string{publishedSnapshot, publishedUpdate} {
		m, err := p.Take([]byte(raw))
		if err != nil || m.Kind != feed.Update || m.At.UnixMilli() != 1597026383085 || !p.Trusted() {
			t.Fatalf("%+v, %v", m, err)
		}
	}
	bid, _ := p.Book().Best(book.Bid)
	ask, _ := p.Book().Best(book.Ask)
	if bid != (book.Level{Price: 847_697_000_000, Size: 25_600_000_000}) || ask != (book.Level{Price: 847_698_000_000, Size: 41_500_000_000}) || p.Book().Len(book.Ask) != 8 {
		t.Errorf("%+v, %+v", bid, ask)
	}
	for raw, want := range map[string]feed.Kind{
		`{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a4d3ae55"}`:                                                   feed.Other,
		`{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. Please reconnect.","connId":"a4d3ae55"}`: feed.Shutdown,
	} {
		if m, err := opened().Take([]byte(raw)); err != nil || m.Kind != want {
			t.Errorf("%s: %+v, %v", raw, m, err)
		}
	}
	refusal := `{"event":"error","code":"60012","msg":"Invalid request: {\"op\": \"subscribe\"}","connId":"a4d3ae55"}`
	if _, err := opened().Take([]byte(refusal)); err == nil || errors.Is(err, feed.ErrMalformed) {
		t.Errorf("a refusal: %v", err)
	}
}

// The chain is by identity: numbers may stay, jump or fall, as the documents say of
// quiet minutes and maintenance; what counts is the one before.
func TestChain(t *testing.T) {
	t.Parallel()
	quiet := func(previous, sequence int) string {
		raw := published("update", previous, sequence)
		return raw[:strings.Index(raw, `"asks"`)] + fmt.Sprintf(`"asks":[],"bids":[],"ts":"1597026383085","checksum":0,"prevSeqId":%d,"seqId":%d}]}`, previous, sequence)
	}
	p := opened()
	for n, c := range []struct {
		raw     string
		gap     bool
		trusted bool
	}{
		{publishedUpdate, false, false}, // of another subscription
		{published("snapshot", -1, 10), false, true},
		{published("update", 10, 15), false, true},
		{quiet(15, 15), false, true},
		{published("update", 15, 3), false, true},
		{published("update", 3, 5), false, true},
		{published("update", 3, 5), true, false}, // repeated
		{published("update", 5, 6), false, false},
		{published("snapshot", -1, 20), false, true},
		{published("update", 21, 22), true, false},
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
		"no JSON": "hello", "pong": "pong", "cut off": publishedSnapshot[:90], "no number": strings.Replace(publishedSnapshot, "seqId", "n", 1),
		"no chain": strings.Replace(publishedSnapshot, "prevSeqId", "n", 1), "no time": strings.Replace(publishedSnapshot, "1597026383085", "0", 1),
		"a float": strings.Replace(publishedSnapshot, `"415"`, "415", 1), "a level of one": strings.Replace(publishedSnapshot, `["8477","7","0","2"]`, `["8477"]`, 1),
		"out of order": strings.Replace(publishedSnapshot, "8477.34", "8476.99", 1), "another instrument": strings.Replace(publishedSnapshot, "BTC-USDT", "ETH-USDT", 1),
		"of no kind": strings.Replace(publishedSnapshot, `"snapshot"`, `"all"`, 1), "no book": `{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[]}`,
	} {
		if _, err := opened().Take([]byte(raw)); !errors.Is(err, feed.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever the venue says: an error, or a book with two sides that are not crossed.
func FuzzTake(f *testing.F) {
	for _, seed := range []string{publishedSnapshot, publishedUpdate, `{"event":"error","code":"1","msg":"x"}`, `{"event":"subscribe","arg":{}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p := opened()
		if _, err := p.Take([]byte(publishedSnapshot)); err != nil {
			t.Fatal(err)
		}
		_, err := p.Take(raw)
		if errors.Is(err, feed.ErrGap) && p.Trusted() {
			t.Fatal("trusted after a gap")
		}
		if p.Trusted() && (p.Book().Crossed() || p.Book().Len(book.Bid) == 0 || p.Book().Len(book.Ask) == 0 || p.Book().Len(book.Ask) > depth) {
			t.Fatal("a book that can't be is trusted")
		}
	})
}
