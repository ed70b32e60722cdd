package liquidity

import (
	"context"
	"errors"
	"testing"
	"time"

	"ferry/swap"
)

// named is a venue whose tops a test tells by itself.
type named string

func (n named) Name() string                          { return string(n) }
func (named) Instrument() Instrument                  { return ethBtc }
func (named) StaleAfter() time.Duration               { return 2 * time.Second }
func (named) Stream(context.Context, func(Top)) error { return nil }

// floor is a market of five venues under a clock of the test's.
type floor struct {
	*Market
	at time.Time
}

func newFloor(t *testing.T, venues ...string) *floor {
	t.Helper()
	f := &floor{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	var sources []Source
	for _, v := range venues {
		sources = append(sources, named(v))
	}
	m, err := NewMarket(func() time.Time { return f.at }, sources...)
	if err != nil {
		t.Fatal(err)
	}
	f.Market = m
	return f
}

// tell has venue n quote 100 ticks around a price.
func (f *floor) tell(n int, price uint64) {
	forum := f.fora[0]
	f.take(forum, forum.stalls[n], Top{Instrument: ethBtc, Bid: Level{price - 50, 1e10}, Ask: Level{price + 50, 1e10}, VenueTime: f.at, ReceivedAt: f.at})
}

func (f *floor) lose(n int) {
	forum := f.fora[0]
	f.take(forum, forum.stalls[n], Top{Instrument: ethBtc, ReceivedAt: f.at, Unavailable: "Lost."})
}

// refusal is the sentence of a refusal for want of a price, "" if there is one.
func (f *floor) refusal(t *testing.T) string {
	t.Helper()
	_, err := f.Top(btcToEth)
	if err == nil {
		return ""
	}
	var refusal *swap.Error
	if !errors.As(err, &refusal) || refusal.Code != swap.CodePriceUnavailable {
		t.Fatal(err)
	}
	return refusal.Message
}

// With one venue unplugged the price goes on, and hardly moves; with all but one gone
// the pair says why it stopped; it goes on with the second one that is back.
func TestVenuesAreUnplugged(t *testing.T) {
	t.Parallel()
	f := newFloor(t, "a", "b", "c", "d", "e")
	if got := f.refusal(t); got != "No venue prices ETH-BTC now." {
		t.Errorf("before anything: %q", got)
	}
	for n := range 5 {
		f.tell(n, 100_000+uint64(n)*10)
	}
	all, err := f.Top(btcToEth)
	if err != nil || all.Bid.Price < 99_950 || all.Ask.Price > 100_090 {
		t.Fatalf("%+v, %v", all, err)
	}
	f.lose(2)
	four, err := f.Top(btcToEth)
	if err != nil || max(four.Bid.Price, all.Bid.Price)-min(four.Bid.Price, all.Bid.Price) > 20 {
		t.Errorf("without one: %+v, %v", four, err)
	}
	f.lose(0)
	f.lose(4)
	if got := f.refusal(t); got != "" {
		t.Errorf("with two left: %q", got)
	}
	f.lose(1)
	if got := f.refusal(t); got != "Only 1 of 5 venues prices ETH-BTC now; Ferry needs 2." {
		t.Errorf("with one left: %q", got)
	}
	f.lose(3)
	if got := f.refusal(t); got != "No venue prices ETH-BTC now." {
		t.Errorf("with none left: %q", got)
	}
	f.tell(1, 100_000)
	f.tell(4, 100_000)
	if got := f.refusal(t); got != "" {
		t.Errorf("with two back: %q", got)
	}
	if p := f.Prices()[0]; p.Outages != 1 || len(p.Venues) != 5 || p.Venues[0].Unfit != "Lost." || p.Venues[1].Unfit != "" || p.Venues[1].Outages != 1 {
		t.Errorf("%+v", p)
	}
}

// A venue whose messages have stopped counts no more, though nobody has said so.
func TestVenuesGrowOld(t *testing.T) {
	t.Parallel()
	f := newFloor(t, "a", "b", "c")
	for n := range 3 {
		f.tell(n, 100_000)
	}
	f.at = f.at.Add(1500 * time.Millisecond)
	f.tell(0, 100_000)
	f.at = f.at.Add(time.Second)
	if got := f.refusal(t); got != "Only 1 of 3 venues prices ETH-BTC now; Ferry needs 2." {
		t.Errorf("%q", got)
	}
}

// A venue 6 % off is left out and shown, until it is back within half of the limit;
// two who disagree stop the pair.
func TestVenuesDisagree(t *testing.T) {
	t.Parallel()
	f := newFloor(t, "a", "b", "c")
	f.tell(0, 100_000)
	f.tell(1, 100_010)
	f.tell(2, 106_000)
	top, err := f.Top(btcToEth)
	if err != nil || top.Ask.Price > 100_100 {
		t.Fatalf("%+v, %v", top, err)
	}
	if v := f.Prices()[0].Venues; v[0].Excluded || v[1].Excluded || !v[2].Excluded || v[2].RatioPPM < 1_059_000 || v[2].RatioPPM > 1_061_000 || v[2].Unfit != "" {
		t.Errorf("%+v", v)
	}
	for price, excluded := range map[uint64]bool{100_200: true, 100_100: false} {
		f.tell(2, 106_000)
		f.tell(2, price)
		if got := f.Prices()[0].Venues[2].Excluded; got != excluded {
			t.Errorf("back at %d: excluded %t", price, got)
		}
	}
	f.lose(1)
	f.tell(2, 106_000)
	if got := f.refusal(t); got != "The venues of ETH-BTC disagree on its price." {
		t.Errorf("%q", got)
	}
}

func TestMarketRefusesTwoMeasures(t *testing.T) {
	t.Parallel()
	other := ethBtc
	other.PriceDecimals--
	if _, err := NewMarket(time.Now, named("a"), scripted{instrument: other}); err == nil {
		t.Error("two measures of one instrument were accepted")
	}
	if _, err := NewMarket(time.Now, named("a"), named("a")); err == nil {
		t.Error("two sources of one name were accepted")
	}
}
