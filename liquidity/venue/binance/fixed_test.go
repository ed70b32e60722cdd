package binance

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/simulator"
)

// compact is the published example as the venue sends it: no white space, all places.
const compact = `{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,"b":[["0.00240000","10.00000000"]],"a":[["0.00260000","100.00000000"],["0.00270000","0.00000000"]]}`

// Whatever the fixed form is read as, the general reader reads the same.
func FuzzFixed(f *testing.F) {
	f.Add([]byte(compact))
	f.Add([]byte(publishedUpdate))
	f.Add([]byte(strings.Replace(compact, `["0.00240000","10.00000000"]`, "", 1)))
	f.Add([]byte(strings.Replace(compact, `0.00240000`, "9999999999.99999999", 1)))
	f.Add([]byte(strings.Replace(compact, `157`, "0157", 1)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var r fixed
		e, ok := r.read(raw, "BNBBTC", ethBtc)
		if !ok {
			return
		}
		if want, err := parseEvent(raw, "BNBBTC", ethBtc); err != nil || !want.equal(e) {
			t.Fatalf("%q: %+v; in general %+v, %v", raw, e, want, err)
		}
	})
}

// The form that is written is read, the room of one event is the next one's, and what
// differs by anything is left to the general reader, which judges it.
func TestFixed(t *testing.T) {
	t.Parallel()
	var r fixed
	for _, raw := range []string{compact, strings.Replace(compact, `["0.00240000","10.00000000"]`, "", 1),
		strings.Replace(compact, `100.0`, "9999999999.9", 1), strings.Replace(compact, "160", "157", 1)} {
		e, ok := r.read([]byte(raw), "BNBBTC", ethBtc)
		if want, err := parseEvent([]byte(raw), "BNBBTC", ethBtc); !ok || err != nil || !want.equal(e) {
			t.Errorf("%s: %+v, %t; want %+v, %v", raw, e, ok, want, err)
		}
	}
	many := strings.Repeat(`["0.00240000","10.00000000"],`, maxLevels)
	for name, c := range map[string][2]string{
		"a space": {`,"s"`, `, "s"`}, "another symbol": {"BNBBTC", "BNBBTD"}, "a longer symbol": {"BNBBTC", "BNBBTCX"}, "seconds": {"1672515782136", "1672515782"},
		"a time of 19 digits": {"1672515782136", "1672515782136000000"}, "number 0": {"157", "0"}, "a leading zero": {"157", "0157"}, "backwards": {"160", "156"},
		"fewer places": {"0.00240000", "0.0024"}, "more places": {"0.00240000", "0.002400000"}, "no point": {"0.00240000", "24"},
		"a letter": {"0.00240000", "0.0024000x"}, "above nine": {"0.00240000", "0.0024000:"}, "below zero": {"0.00240000", "0.0024000/"}, "a price of nothing": {"0.00240000", "0.00000000"},
		"eleven digits": {"10.00000000", "10000000000.00000000"}, "no whole part": {"0.00240000", ".00240000"}, "a level of one": {`,"10.00000000"`, ""},
		"a comma too many": {`],"a"`, `,],"a"`}, "a comma too few": {"],[", "]["}, "something after": {"]]}", "]]} "}, "another key": {`]]}`, `]],"x":1}`},
		"too many levels": {`"b":[`, `"b":[` + many}, "cut off": {`"]]}`, ""}, "cut off in places": {`00000000"]]}`, ""},
	} {
		if !strings.Contains(compact, c[0]) {
			t.Fatalf("%s: %q is not in the example", name, c[0])
		}
		if e, ok := r.read([]byte(strings.Replace(compact, c[0], c[1], 1)), "BNBBTC", ethBtc); ok {
			t.Errorf("%s: %+v", name, e)
		}
	}
	other := ethBtc
	other.PriceDecimals = 2
	if _, ok := r.read([]byte(compact), "BNBBTC", other); ok {
		t.Error("an instrument of other places was read")
	}
}

// Setup: a book that is followed. Test: no event allocates, and all are applied.
func TestHotPathAllocatesNothing(t *testing.T) { //nolint:paralleltest // testing.AllocsPerRun counts everybody's
	m, err := simulator.ParseMarket("ETH-BTC=0.035")
	if err != nil {
		t.Fatal(err)
	}
	const events = 1000
	rec, err := simulator.Record(1, m, simulator.Binance, 2*events)
	if err != nil {
		t.Fatal(err)
	}
	p := Open("ETHBTC", m.Instrument)
	take := func(raw []byte) {
		if message, err := p.Take(raw); err != nil || message.Kind != feed.Update {
			t.Fatalf("%s: %+v, %v", raw, message, err)
		}
	}
	take(rec.Before)
	if err := p.Load(rec.Snapshot); err != nil {
		t.Fatal(err)
	}
	for _, raw := range rec.Changes[:events-1] {
		take(raw)
	}
	n := events - 1
	if got := testing.AllocsPerRun(events, func() { take(rec.Changes[n]); n++ }); got != 0 {
		t.Errorf("%v allocations an event", got)
	}
	if !p.Trusted() || n != 2*events {
		t.Errorf("trusted %t after %d events", p.Trusted(), n)
	}
}

// What is kept for a snapshot is not changed by the events that come after it.
func TestKeptEventsAreOurs(t *testing.T) {
	t.Parallel()
	p := Open("BNBBTC", ethBtc)
	raw := func(first int, bid string) []byte {
		return fmt.Appendf(nil, `{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":%d,"u":%d,"b":[["%s","1.00000000"]],"a":[]}`, first, first, bid)
	}
	for n, bid := range []string{"0.00100000", "0.00200000", "0.00300000"} {
		if _, err := p.Take(raw(10+n, bid)); err != nil {
			t.Fatal(err)
		}
	}
	body, err := json.Marshal(map[string]any{"lastUpdateId": 9, "bids": [][]string{}, "asks": [][]string{{"0.01000000", "1.00000000"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Load(body); err != nil {
		t.Fatal(err)
	}
	for n, want := range []uint64{300_000, 200_000, 100_000} {
		if l, ok := p.Book().At(book.Bid, n); !ok || l.Price != want {
			t.Errorf("bid %d is %+v, want %d", n, l, want)
		}
	}
}
