package binance

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
	"ferry/swap/asset"
)

var ethBtc = liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}

// The venue's published examples, byte for byte but for its comments, which are no
// JSON: web-socket-streams.md, "Diff. Depth Stream" and "Server Shutdown";
// rest-api.md, "Order book".
const (
	publishedUpdate = `{
    "e": "depthUpdate",
    "E": 1672515782136,
    "s": "BNBBTC",
    "U": 157,
    "u": 160,
    "b": [
        [
            "0.0024",
            "10"
        ]
    ],
    "a": [
        [
            "0.0026",
            "100"
        ]
    ]
}`
	publishedSnapshot = `{
    "lastUpdateId": 1027024,
    "bids": [
        [
            "4.00000000",
            "431.00000000"
        ]
    ],
    "asks": [["4.00000200", "12.00000000"]]
}`
	publishedShutdown = `{
  "e": "serverShutdown",
  "E": 1770123456789
}`
	publishedCombinedShutdown = `{
  "stream": "!serverShutdown",
  "data": {
    "e": "serverShutdown",
    "E": 1770123456789
  }
}`
)

func (e event) equal(o event) bool {
	return e.kind == o.kind && e.at.Equal(o.at) && e.first == o.first && e.last == o.last &&
		slices.Equal(e.bids, o.bids) && slices.Equal(e.asks, o.asks)
}

func TestPublishedEvents(t *testing.T) {
	t.Parallel()
	update := event{kind: kindDepth, at: time.UnixMilli(1672515782136), first: 157, last: 160,
		bids: []book.Level{{Price: 240_000, Size: 1_000_000_000}}, asks: []book.Level{{Price: 260_000, Size: 10_000_000_000}}}
	for name, c := range map[string]struct {
		raw  string
		want event
	}{
		"depthUpdate":                 {publishedUpdate, update},
		"depthUpdate combined":        {`{"stream":"bnbbtc@depth@100ms","data":` + publishedUpdate + `}`, update},
		"depthUpdate with more":       {strings.Replace(publishedUpdate, `"U"`, `"new": {"a": [1]}, "U"`, 1), update},
		"depthUpdate of nothing":      {`{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":1,"u":1,"b":[],"a":[]}`, event{kind: kindDepth, at: time.UnixMilli(1672515782136), first: 1, last: 1}},
		"serverShutdown":              {publishedShutdown, event{kind: kindShutdown}},
		"serverShutdown combined":     {publishedCombinedShutdown, event{kind: kindShutdown}},
		"another event is passed":     {`{"e":"trade","E":1672515782136,"b":88,"a":50,"u":"x"}`, event{}},
		"another stream is passed":    {`{"stream":"bnbbtc@trade","data":{"e":"trade","E":1672515782136,"b":88}}`, event{}},
		"depthUpdate, keys reordered": {`{"a":[["0.0026","100"]],"b":[["0.0024","10"]],"u":160,"U":157,"s":"BNBBTC","E":1672515782136,"e":"depthUpdate"}`, update},
		"names of other case":         {strings.Replace(publishedUpdate, `"U"`, `"S": "X", "B": "y", "A": 5, "U"`, 1), update},
	} {
		got, err := parseEvent([]byte(c.raw), "BNBBTC", ethBtc)
		if err != nil || !got.equal(c.want) {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
}

func TestPublishedSnapshot(t *testing.T) {
	t.Parallel()
	got, err := parseSnapshot([]byte(publishedSnapshot), ethBtc)
	bids, asks := []book.Level{{Price: 400_000_000, Size: 43_100_000_000}}, []book.Level{{Price: 400_000_200, Size: 1_200_000_000}}
	if err != nil || got.last != 1027024 || !slices.Equal(got.bids, bids) || !slices.Equal(got.asks, asks) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRefusedEvents(t *testing.T) {
	t.Parallel()
	change := func(old, fresh string) string {
		if !strings.Contains(publishedUpdate, old) {
			t.Fatalf("%q is not in the example", old)
		}
		return strings.Replace(publishedUpdate, old, fresh, 1)
	}
	many := `["1","1"]` + strings.Repeat(`,["1","1"]`, maxLevels)
	for name, raw := range map[string]string{
		"no JSON":            "hello",
		"nothing":            "",
		"null":               "null",
		"a list":             "[" + publishedUpdate + "]",
		"two documents":      publishedUpdate + publishedUpdate,
		"cut off":            publishedUpdate[:len(publishedUpdate)/2],
		"no name":            change(`"depthUpdate"`, `""`),
		"another symbol":     change("BNBBTC", "BNBBTD"),
		"no time":            change("1672515782136", "0"),
		"seconds":            change("1672515782136", "1672515782"),
		"microseconds":       change("1672515782136", "1672515782136000"),
		"ends before it is":  change("160", "156"),
		"number 0":           change("157", "0"),
		"negative number":    change("157", "-157"),
		"number of a float":  change("157", "157.5"),
		"number as text":     change("157", `"157"`),
		"no bids":            change(`"b"`, `"x"`),
		"bids in other case": change(`"b"`, `"B"`),
		"price of a float":   change(`"0.0024"`, "0.0024"),
		"price of nothing":   change(`"0.0024"`, `"0"`),
		"exponent":           change("0.0024", "24e-4"),
		"negative":           change("0.0024", "-0.0024"),
		"nine places":        change("0.0024", "0.002400000"),
		"more than 64 bits":  change(`"10"`, `"184467440737.09551616"`),
		"a level of one":     change(`"0.0024",`, ""),
		"a level of three":   change(`"0.0024",`, `"0.0024", "1",`),
		"more levels than ok": change(`"0.0024",
            "10"`, `"1","1"`+"],"+many[:len(many)-1]),
	} {
		if got, err := parseEvent([]byte(raw), "BNBBTC", ethBtc); !errors.Is(err, feed.ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestRefusedSnapshots(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"nothing":         "",
		"a refusal":       `{"code":-1121,"msg":"Invalid symbol."}`,
		"no number":       strings.Replace(publishedSnapshot, "1027024", "0", 1),
		"no bids":         strings.Replace(publishedSnapshot, `"bids"`, `"x"`, 1),
		"no asks":         strings.Replace(publishedSnapshot, `"asks"`, `"x"`, 1),
		"price as number": strings.Replace(publishedSnapshot, `"4.00000000"`, "4.0", 1),
		"ask of nonsense": strings.Replace(publishedSnapshot, "12.00000000", "12,0", 1),
	} {
		if got, err := parseSnapshot([]byte(raw), ethBtc); !errors.Is(err, feed.ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// Whatever a venue says, it is refused as malformed, or read into something within
// the limits that is read the same when it is written out.
func FuzzEvent(f *testing.F) {
	f.Add([]byte(publishedUpdate))
	f.Add([]byte(publishedShutdown))
	f.Add([]byte(publishedCombinedShutdown))
	f.Add([]byte(`{"stream":"bnbbtc@depth@100ms","data":` + publishedUpdate + `}`))
	f.Add([]byte(`{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":1,"u":1,"b":[["1","0"]],"a":[["0.1","1"],[]]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := parseEvent(raw, "BNBBTC", ethBtc)
		if err != nil {
			if !errors.Is(err, feed.ErrMalformed) {
				t.Fatalf("%v is not ErrMalformed", err)
			}
			return
		}
		if e.kind != kindDepth {
			return
		}
		if e.first == 0 || e.last < e.first || e.at.UnixMilli() < lowestMillis || len(e.bids) > maxLevels || len(e.asks) > maxLevels {
			t.Fatalf("accepted %+v", e)
		}
		// What is written from it is read as the same.
		again, err := parseEvent(written(t, e), "BNBBTC", ethBtc)
		if err != nil || !again.equal(e) {
			t.Fatalf("%+v was read back as %+v (%v)", e, again, err)
		}
	})
}

func written(t *testing.T, e event) []byte {
	pairs := func(levels []book.Level) [][]string {
		out := [][]string{}
		for _, l := range levels {
			out = append(out, []string{book.FormatTicks(l.Price, 8), book.FormatTicks(l.Size, 8)})
		}
		return out
	}
	raw, err := json.Marshal(map[string]any{"e": "depthUpdate", "E": e.at.UnixMilli(), "s": "BNBBTC", "U": e.first, "u": e.last,
		"b": pairs(e.bids), "a": pairs(e.asks)})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func FuzzSnapshot(f *testing.F) {
	f.Add([]byte(publishedSnapshot))
	f.Add([]byte(`{"lastUpdateId":1,"bids":[],"asks":[["1","0"]]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := parseSnapshot(raw, ethBtc)
		if err != nil {
			if !errors.Is(err, feed.ErrMalformed) {
				t.Fatalf("%v is not ErrMalformed", err)
			}
			return
		}
		r := newReplica(maxBook, snapshotLimit)
		if err := r.keep(event{first: 1, last: max(s.last, 1)}); err != nil {
			t.Fatal(err)
		}
		// A snapshot that was read is loaded or refused, and never served crossed.
		if err := r.load(s); err == nil && r.book.Crossed() {
			t.Fatalf("%+v was taken", s)
		}
	})
}
