package liquidity

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/swap/asset"
)

// subscribe changes what a floor follows: "a", or "a2" for its second generation.
func (f *floor) subscribe(t interface{ Fatal(...any) }, names ...string) {
	var want []Subscription
	for _, name := range names {
		w := Subscription{Venue: name[:1], Instrument: ethBtc}
		if len(name) > 1 {
			w.Generation = int64(name[1] - '0')
		}
		want = append(want, w)
	}
	change, err := f.prepare(want, func(w Subscription) (Source, error) { return named(w.Venue), nil })
	if err != nil {
		t.Fatal(err)
	}
	f.commit(change)
}

// says has a venue quote, at whichever connections of it are followed; of two the newest
// alone where new is set.
func (f *floor) says(venue string, price uint64) {
	for _, forum := range f.fora {
		for _, s := range slices.Concat(forum.stalls, forum.joining) {
			if s.source.Name() == venue {
				f.take(forum, s, Top{Instrument: ethBtc, Bid: Level{price - 50, 1e10}, Ask: Level{price + 50, 1e10}, VenueTime: f.at, ReceivedAt: f.at})
			}
		}
	}
}

func (f *floor) venues() string {
	var list []string
	for _, v := range f.Prices()[0].Venues {
		list = append(list, v.Venue)
	}
	slices.Sort(list)
	return strings.Join(list, "")
}

// A new book is priced from once it is there, and one that is not wanted goes then and not
// before; in between the price stands.
func TestABookIsThereBeforeAnotherGoes(t *testing.T) {
	t.Parallel()
	f := newFloor(t, "a", "b")
	f.says("a", 3_500_000)
	f.says("b", 3_500_000)
	f.subscribe(t, "a", "c")
	if got := strings.Join(f.Pending(), ", "); f.refusal(t) != "" || got != "c ETH-BTC begins, b ETH-BTC ends" || f.venues() != "abc" {
		t.Fatalf("%q, %s, %s", f.refusal(t), got, f.venues())
	}
	if v := f.Prices()[0].Venues[2]; v.Unfit == "" || v.Alert != AlertMissing {
		t.Errorf("a venue that has said nothing is %+v", v)
	}
	old := f.fora[0].stalls[1]
	stopped := false
	old.stop = func() { stopped = true }
	f.says("c", 3_500_000)
	if len(f.Pending()) != 0 || f.refusal(t) != "" || f.venues() != "ac" || !stopped {
		t.Errorf("%v, %q, %s, stopped %v", f.Pending(), f.refusal(t), f.venues(), stopped)
	}
	f.take(f.fora[0], old, Top{Instrument: ethBtc, Unavailable: "Lost."})
	if p := f.Prices()[0]; p.Outages != 0 || f.refusal(t) != "" {
		t.Errorf("what a dropped connection says counts: %+v", p)
	}
}

// A connection that is made anew takes the old one's place when its book is there, however
// long that takes.
func TestAConnectionIsMadeAnewWithoutAGap(t *testing.T) {
	t.Parallel()
	f := newFloor(t, "a", "b")
	f.says("a", 3_500_000)
	f.says("b", 3_500_000)
	f.subscribe(t, "a1", "b")
	old := f.fora[0].stalls[0]
	for range 5 {
		f.at = f.at.Add(time.Minute)
		f.tell(0, 3_500_000)
		f.tell(1, 3_500_000)
		f.settle()
		if f.refusal(t) != "" || f.venues() != "ab" || f.fora[0].stalls[0] != old || len(f.Pending()) != 1 {
			t.Fatalf("%q, %s, %v", f.refusal(t), f.venues(), f.Pending())
		}
	}
	f.says("a", 3_500_000)
	if f.refusal(t) != "" || f.venues() != "ab" || f.fora[0].stalls[0] == old || !old.gone || len(f.Pending()) != 0 {
		t.Errorf("%q, %s, %v", f.refusal(t), f.venues(), f.Pending())
	}
}

// What is switched off goes in the end even if nothing has come in its place: then there
// are too few, and the pair says so. What never comes hurts nobody else.
func TestWhatIsSwitchedOffGoesInTheEnd(t *testing.T) {
	t.Parallel()
	f := newFloor(t, "a", "b")
	tell := func() {
		f.says("a", 3_500_000)
		f.says("b", 3_500_000)
	}
	tell()
	f.subscribe(t, "a", "b", "d")
	for range 100 {
		f.at = f.at.Add(time.Minute)
		tell()
		f.settle()
		if f.refusal(t) != "" {
			t.Fatal(f.refusal(t))
		}
	}
	f.subscribe(t, "a", "c")
	f.at = f.at.Add(changeMost - time.Second)
	tell()
	f.settle()
	if f.refusal(t) != "" || f.venues() != "abc" {
		t.Fatalf("%q, %s", f.refusal(t), f.venues())
	}
	f.at = f.at.Add(time.Second)
	tell()
	f.settle()
	if got := f.refusal(t); got != "Only 1 of 1 venues prices ETH-BTC now; Ferry needs 2." || f.venues() != "ac" {
		t.Errorf("%q, %s", got, f.venues())
	}
	f.says("c", 3_500_000)
	if f.refusal(t) != "" {
		t.Error(f.refusal(t))
	}
}

// An instrument that nobody wants goes at once; one that is new begins with its quorum.
func TestInstrumentsComeAndGo(t *testing.T) {
	t.Parallel()
	f := newFloor(t, "a", "b")
	f.says("a", 3_500_000)
	f.says("b", 3_500_000)
	f.subscribe(t)
	if len(f.fora) != 0 || f.refusal(t) != "No venue prices BTC-ETH." {
		t.Fatalf("%d, %q", len(f.fora), f.refusal(t))
	}
	f.subscribe(t, "a", "b", "c")
	f.says("a", 3_500_000)
	if got := f.refusal(t); got != "Only 1 of 3 venues prices ETH-BTC now; Ferry needs 2." {
		t.Errorf("%q", got)
	}
	f.says("b", 3_500_000)
	if f.refusal(t) != "" {
		t.Error(f.refusal(t))
	}
}

// A change that can't be opened, or that contradicts itself, changes nothing.
func TestAChangeThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	f := newFloor(t, "a", "b")
	other := ethBtc
	other.SizeDecimals = 3
	refused := errors.New("no such book")
	for name, want := range map[string][]Subscription{
		"refused":     {{Venue: "a", Instrument: ethBtc}, {Venue: "c", Instrument: ethBtc}},
		"twice":       {{Venue: "a", Instrument: ethBtc}, {Venue: "a", Instrument: ethBtc, Generation: 1}},
		"other ticks": {{Venue: "a", Instrument: other}},
		"no assets":   {{Venue: "a", Instrument: Instrument{Base: asset.BTC, Quote: "DOGE"}}},
	} {
		if _, err := f.prepare(want, func(Subscription) (Source, error) { return nil, refused }); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := f.prepare([]Subscription{{Venue: "c", Instrument: ethBtc}}, func(Subscription) (Source, error) { return named("d"), nil }); err == nil {
		t.Error("another venue's source is taken")
	}
	if len(f.Pending()) != 0 || f.venues() != "ab" {
		t.Errorf("%v, %s", f.Pending(), f.venues())
	}
}

// Setup: any changes of what is wanted, two venues at least, while venues that are followed
// go on saying prices near each other and some that are new say nothing for a while. Test:
// once there was a price there is one at every moment, and when all have spoken what is
// followed is what is wanted.
func TestNoChangeLosesThePrice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := &floor{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
		m, err := NewMarket(func() time.Time { return f.at }, named("a"), named("b"))
		if err != nil {
			t.Fatal(err)
		}
		f.Market = m
		price := uint64(3_500_000)
		heard := map[string]bool{"a": true, "b": true}
		all := []string{"a", "b", "c", "d", "e"}
		stands := func(when string) {
			if _, err := f.Top(btcToEth); err != nil {
				t.Fatalf("%s: %v; %v", when, err, f.Pending())
			}
		}
		everybody := func() {
			for _, venue := range all {
				if heard[venue] {
					f.says(venue, price+rapid.Uint64Range(0, 2000).Draw(t, "off"))
				}
			}
		}
		everybody()
		stands("at first")
		var wanted []string
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			switch rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				wanted = nil
				for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-1), 2, len(all), rapid.ID).Draw(t, "venues") {
					wanted = append(wanted, all[n]+fmt.Sprint(rapid.IntRange(0, 1).Draw(t, "generation")))
				}
				f.subscribe(t, wanted...)
				stands("after a change")
			case 1:
				heard[rapid.SampledFrom(all).Draw(t, "speaks")] = true
			case 2:
				f.at = f.at.Add(time.Second)
			}
			everybody()
			f.settle()
			stands("after a word")
		}
		for _, venue := range all {
			heard[venue] = true
		}
		everybody()
		f.settle()
		stands("in the end")
		if wanted == nil {
			return
		}
		var followed []string
		for _, s := range f.fora[0].stalls {
			followed = append(followed, s.source.Name()+fmt.Sprint(s.generation))
		}
		slices.Sort(followed)
		slices.Sort(wanted)
		if len(f.Pending()) != 0 || !slices.Equal(followed, wanted) {
			t.Fatalf("%v is followed and %v wanted; %v", followed, wanted, f.Pending())
		}
	})
}
