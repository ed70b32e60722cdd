package kraken

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/feed/scan"
	"ferry/swap/asset"
)

// publishedSnapshot is the example of the venue's guide "Book checksum (WebSocket v2)",
// whose checksum the guide works out step by step; publishedUpdate that of its channel
// "Book".
const (
	publishedSnapshot = `{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD",
"bids":[{"price":45283.5,"qty":0.10000000},{"price":45283.4,"qty":1.54582015},{"price":45282.1,"qty":0.10000000},
{"price":45281.0,"qty":0.10000000},{"price":45280.3,"qty":1.54592586},{"price":45279.0,"qty":0.07990000},
{"price":45277.6,"qty":0.03310103},{"price":45277.5,"qty":0.30000000},{"price":45277.3,"qty":1.54602737},
{"price":45276.6,"qty":0.15445238}],
"asks":[{"price":45285.2,"qty":0.00100000},{"price":45286.4,"qty":1.54571953},{"price":45286.6,"qty":1.54571109},
{"price":45289.6,"qty":1.54560911},{"price":45290.2,"qty":0.15890660},{"price":45291.8,"qty":1.54553491},
{"price":45294.7,"qty":0.04454749},{"price":45296.1,"qty":0.35380000},{"price":45297.5,"qty":0.09945542},
{"price":45299.5,"qty":0.18772827}],
"checksum":3310070434}]}`
	publishedUpdate = `{"channel":"book","type":"update","data":[{"symbol":"MATIC/USD","bids":[{"price":0.5657,"qty":1098.3947558}],
"asks":[],"checksum":2114181697,"timestamp":"2023-10-06T17:35:55.440295Z"}]}`
	publishedAnswer = `{"method":"subscribe","result":{"channel":"book","depth":10,"snapshot":true,"symbol":"MATIC/USD"},"success":true,
"time_in":"2023-10-06T17:35:55.219022Z","time_out":"2023-10-06T17:35:55.219067Z"}`
	publishedStatus = `{"channel":"status","data":[{"api_version":"v2","connection_id":12393906104898154338,"system":"online","version":"2.0.0"}],"type":"update"}`
)

// instrument has the venue's places of BTC/USD, under the name of a pair of ours.
var instrument = liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 4, SizeDecimals: 8}

func opened() *protocol {
	p, _ := Open("BTC/USD", instrument, 10).(*protocol)
	return p
}

func TestPublishedChecksum(t *testing.T) {
	t.Parallel()
	p := opened()
	m, err := p.Take([]byte(publishedSnapshot))
	if err != nil || m.Kind != feed.Update || !m.At.IsZero() || !p.Trusted() {
		t.Fatalf("%+v, %v, trusted %t", m, err, p.Trusted())
	}
	bid, _ := p.Book().Best(book.Bid)
	ask, _ := p.Book().Best(book.Ask)
	if bid != (book.Level{Price: 452_835_000, Size: 10_000_000}) || ask != (book.Level{Price: 452_852_000, Size: 100_000}) {
		t.Errorf("%+v, %+v", bid, ask)
	}
	// The digits are the message's: a zero less is another checksum.
	for _, changed := range []string{
		strings.Replace(publishedSnapshot, "0.10000000", "0.1000000", 1), strings.Replace(publishedSnapshot, "45281.0", "45281.00", 1),
		strings.Replace(publishedSnapshot, "3310070434", "3310070435", 1),
	} {
		if _, err := opened().Take([]byte(changed)); !errors.Is(err, feed.ErrChecksum) {
			t.Errorf("%v", err)
		}
	}
}

func TestPublishedMessages(t *testing.T) {
	t.Parallel()
	var f frame
	if err := f.parse([]byte(publishedUpdate), liquidity.Instrument{PriceDecimals: 4, SizeDecimals: 8}); err != nil || f.snapshot || f.symbol != "MATIC/USD" ||
		f.checksum != 2114181697 || f.at.UnixMicro() != 1696613755440295 || len(f.asks) != 0 || len(f.bids) != 1 ||
		f.bids[0].Level != (book.Level{Price: 5657, Size: 109_839_475_580}) || f.bids[0].digits != (digits{5657, 10983947558}) {
		t.Errorf("%+v, %v", f, err)
	}
	for raw, want := range map[string]feed.Kind{publishedAnswer: feed.Other, publishedStatus: feed.Other, `{"channel":"heartbeat"}`: feed.Heartbeat,
		`{"channel":"trade","type":"update","data":[{"symbol":"X"}]}`: feed.Other} {
		if m, err := opened().Take([]byte(raw)); err != nil || m.Kind != want {
			t.Errorf("%s: %+v, %v", raw, m, err)
		}
	}
	refusal := `{"error":"Currency pair not supported X/Y","method":"subscribe","success":false,"symbol":"X/Y","time_in":"a","time_out":"b"}`
	if _, err := opened().Take([]byte(refusal)); err == nil || !strings.Contains(err.Error(), "not supported") {
		t.Errorf("a refusal: %v", err)
	}
	if _, err := opened().Take([]byte(strings.Replace(refusal, `"subscribe"`, `"unsubscribe"`, 1))); err != nil {
		t.Errorf("a refused end of a subscription: %v", err)
	}
}

// side lists levels as the venue writes them.
func side(levels ...string) string {
	parts := make([]string, 0, len(levels))
	for _, l := range levels {
		price, qty, _ := strings.Cut(l, "@")
		parts = append(parts, fmt.Sprintf(`{"price":%s,"qty":%s}`, price, qty))
	}
	return strings.Join(parts, ",")
}

// Levels that are written in another way than the rest give their own digits, until
// they are written anew; what is remembered of them is bounded.
func TestOddDigits(t *testing.T) {
	t.Parallel()
	var w written
	w.begin(decimals{1, 8}, scan.Places{Price: 4, Size: 8})
	b := book.New(1000)
	put := func(price, size string) digits {
		r := scan.New([]byte(`[{"price":` + price + `,"qty":` + size + `}]`))
		list := levels(&r, nil, instrument)
		if err := r.End(); err != nil {
			t.Fatal(err)
		}
		b.Set(book.Bid, list[0].Level)
		w.note(book.Bid, &list[0])
		if list[0].Size == 0 {
			return digits{}
		}
		best, _ := b.Best(book.Bid)
		return w.of(book.Bid, best)
	}
	for _, c := range []struct {
		price, size string
		want        digits
		others      int
	}{
		{"10.0", "1.00000000", digits{100, 100_000_000}, 0},
		{"10.00", "1.00000000", digits{1000, 100_000_000}, 1},
		{"10.0", "1.5", digits{100, 15}, 1},
		{"10.0", "0.50000000", digits{100, 50_000_000}, 0},
		{"10.0", "2e1", digits{100, 2}, 1},
		{"10.0", "0", digits{}, 0},
	} {
		if got := put(c.price, c.size); got != c.want || len(w.others[book.Bid]) != c.others {
			t.Errorf("%s × %s: %+v, want %+v; %d others", c.price, c.size, got, c.want, len(w.others[book.Bid]))
		}
	}
	for n := range 100 {
		put(fmt.Sprint(100+n), "1")
	}
	b.Truncate(10)
	w.forget(b, 10)
	if len(w.others[book.Bid]) != 10 {
		t.Errorf("%d others of 10 levels", len(w.others[book.Bid]))
	}
}

// Levels that fall out of the depth are cut off after all of a message is applied,
// and may come back; without that the checksum would differ.
func TestDepth(t *testing.T) {
	t.Parallel()
	p, _ := Open("BTC/USD", instrument, 2).(*protocol)
	say := func(kind, bids, asks string) error {
		// The venue's checksum is computed from what the book must be: ours is asked.
		raw := fmt.Sprintf(`{"channel":"book","type":"%s","data":[{"symbol":"BTC/USD","bids":[%s],"asks":[%s],"checksum":%%d}]}`, kind, bids, asks)
		_, err := p.Take(fmt.Appendf(nil, raw, 0))
		if !errors.Is(err, feed.ErrChecksum) {
			return fmt.Errorf("without a checksum: %w", err)
		}
		p.trusted = true
		_, err = p.Take(fmt.Appendf(nil, raw, p.written.checksum(p.book)))
		return err
	}
	prices := func() (got []uint64) {
		for l := range p.Book().Levels(book.Bid) {
			got = append(got, l.Price/10_000)
		}
		return got
	}
	for _, c := range []struct {
		kind, bids string
		want       []uint64
	}{
		{"snapshot", side("10@1", "9@1"), []uint64{10, 9}},
		{"update", side("11@1"), []uint64{11, 10}},
		// First one level more, then one goes: nothing is lost in between.
		{"update", side("12@1", "11@0"), []uint64{12, 10}},
		{"update", side("12@0", "9@2"), []uint64{10, 9}},
	} {
		asks := ""
		if c.kind == "snapshot" {
			asks = side("20@1")
		}
		if err := say(c.kind, c.bids, asks); err != nil || !slices.Equal(prices(), c.want) {
			t.Fatalf("%s %s: %v, %v; want %v", c.kind, c.bids, prices(), err, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]uint64{"5e-8": {5, 5}, "1.5E-7": {15, 15}, "2e3": {2, 200_000_000_000}, "1.25e+1": {125, 1_250_000_000},
		"0.035": {35, 3_500_000}, "0.10000000": {10_000_000, 10_000_000}, "0": {0, 0}, "0.0": {0, 0}, "7": {7, 700_000_000}} {
		r := scan.New([]byte(text))
		digits, _, ticks := number(&r, 8)
		if err := r.End(); err != nil || digits != want[0] || ticks != want[1] {
			t.Errorf("%s: %d, %d, %v", text, digits, ticks, err)
		}
	}
	for _, text := range []string{"5e-9", "1.55e-7", "1e99", "-1e2", "1e", "1e-", "e5", "-1", "01", "1.", ".5", "1.2.3", "18446744073709551616", "200000000000", "1e999999999999999999999", "", `"1"`} {
		r := scan.New([]byte(text))
		_, _, ticks := number(&r, 8)
		if err := r.End(); err == nil {
			t.Errorf("%s was read as %d", text, ticks)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"no JSON": "hello", "cut off": publishedUpdate[:60], "no checksum": strings.Replace(publishedUpdate, `"checksum"`, `"sum"`, 1),
		"33 bits": strings.Replace(publishedUpdate, "2114181697", "4294967296", 1), "a text": strings.Replace(publishedUpdate, "0.5657", `"0.5657"`, 1),
		"nine places": strings.Replace(publishedUpdate, "1098.3947558", "1098.394755801", 1), "no time": strings.Replace(publishedUpdate, "2023-10-06T", "", 1),
		"of no kind": strings.Replace(publishedUpdate, `"update"`, `"change"`, 1), "no book": `{"channel":"book","type":"update","data":[]}`,
		"free": strings.Replace(publishedUpdate, "0.5657", "0.0", 1), "negative": strings.Replace(publishedUpdate, "0.5657", "-0.5657", 1),
		"another symbol": publishedUpdate,
	} {
		if _, err := opened().Take([]byte(raw)); !errors.Is(err, feed.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever the venue says: an error of the documented kinds, or a book with two sides
// that are not crossed. Nothing but a checksum that fits makes it trusted.
func FuzzTake(f *testing.F) {
	for _, seed := range []string{publishedSnapshot, publishedUpdate, publishedAnswer, publishedStatus, `{"channel":"heartbeat"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p := opened()
		if _, err := p.Take([]byte(publishedSnapshot)); err != nil {
			t.Fatal(err)
		}
		_, err := p.Take(raw)
		if err != nil && p.Trusted() && !errors.Is(err, feed.ErrMalformed) && !strings.HasPrefix(err.Error(), "kraken refuses") {
			t.Fatalf("trusted after %v", err)
		}
		if p.Trusted() && (p.Book().Crossed() || p.Book().Len(book.Bid) == 0 || p.Book().Len(book.Ask) == 0 || p.Book().Len(book.Bid) > p.depth) {
			t.Fatal("a book that can't be is trusted")
		}
	})
}
