package liquidity

import (
	"testing"
	"time"
)

// maker is a source of another class.
type maker struct{ named }

func (maker) Class() string { return ClassMaker }

// Setup: three venues under a clock of the test's, one of which delays, is lost, comes back,
// is wrong and falls silent. Test: each step has its alert, its latency, the age of its last
// change and its suspect time; the others have none.
func TestQuality(t *testing.T) {
	t.Parallel()
	f := newFloor(t, "a", "b", "c")
	for _, q := range []string{f.Prices()[0].Venues[0].Alert, f.Prices()[0].Venues[2].Alert} {
		if q != AlertMissing {
			t.Errorf("before anything came: %q", q)
		}
	}
	forum := f.fora[0]
	word := func(price uint64, late time.Duration) {
		f.take(forum, forum.stalls[2], Top{Instrument: ethBtc, Bid: Level{price - 50, 1e10}, Ask: Level{price + 50, 1e10}, VenueTime: f.at.Add(-late), ReceivedAt: f.at})
	}
	const second = time.Second
	for n, step := range []struct {
		name string
		do   func()
		want Quality
	}{
		{"a first book", func() { word(100_000, 30*time.Millisecond) }, Quality{Latency: 30 * time.Millisecond, Changed: true}},
		{"the same again", func() { word(100_000, 0) }, Quality{Changed: true, Unchanged: second}},
		{"another, late", func() { word(100_001, second) }, Quality{Alert: AlertLate, Latency: second, Changed: true}},
		{"its clock ahead", func() { word(100_001, -second) }, Quality{Alert: AlertLate, Latency: -second, Changed: true, Unchanged: second}},
		{"lost", func() { f.lose(2) }, Quality{Alert: AlertMissing, Changed: true, Unchanged: 2 * second, SuspectNow: true}},
		{"lost again", func() { f.lose(2) }, Quality{Alert: AlertMissing, Changed: true, Unchanged: 3 * second, Suspect: second, SuspectNow: true}},
		{"back with the same", func() { word(100_001, 0) }, Quality{Changed: true, Unchanged: 4 * second, Suspect: 2 * second}},
		{"6 % off", func() { word(106_000, 0) }, Quality{Alert: AlertOff, Changed: true, Suspect: 2 * second}},
		{"no word since", func() {}, Quality{Alert: AlertOff, Changed: true, Unchanged: second, Suspect: 2 * second}},
		{"nor after", func() {}, Quality{Alert: AlertMissing, Changed: true, Unchanged: 2 * second, Suspect: 2 * second}},
		{"right again", func() { word(100_000, 0) }, Quality{Changed: true, Suspect: 2 * second}},
	} {
		f.at = f.at.Add(second)
		f.tell(0, 100_000)
		f.tell(1, 100_010)
		step.do()
		step.want.Class = ClassExchange
		venues := f.Prices()[0].Venues
		if got := venues[2].Quality; got != step.want {
			t.Errorf("%s: %+v, want %+v", step.name, got, step.want)
		}
		if got, want := venues[0].Quality, (Quality{Class: ClassExchange, Changed: true, Unchanged: time.Duration(n) * second}); got != want {
			t.Errorf("%s: another venue is %+v, want %+v", step.name, got, want)
		}
	}
}

// A venue tells what class it is of; a book that is crossed or half empty is off.
func TestClassAndWrongBooks(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	m, err := NewMarket(func() time.Time { return at }, maker{"m"})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Prices()[0].Venues[0].Class; got != ClassMaker {
		t.Errorf("class %q", got)
	}
	for name, top := range map[string]Top{
		"crossed": {Bid: Level{101, 1}, Ask: Level{100, 1}}, "no bid": {Ask: Level{100, 1}}, "no size": {Bid: Level{99, 1}, Ask: Level{100, 0}},
	} {
		top.VenueTime, top.ReceivedAt = at, at
		if got := alert(top, true, false, at, time.Second); got != AlertOff {
			t.Errorf("%s: %q", name, got)
		}
	}
}
