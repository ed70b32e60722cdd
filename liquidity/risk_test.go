package liquidity

import (
	"strings"
	"testing"
	"time"

	"ferry/swap/asset"
)

// priced is what the floor's pair is worth with a market's own margin.
func (f *floor) priced(t *testing.T, p asset.Pair, c MarketConfig) (Curved, int64, error) {
	t.Helper()
	var taken int64
	curve, err := f.Curve(p, asset.NewUnits(1e6), asset.NewUnits(1e7), func(now Condition) int64 {
		taken = margin(premium(now.Variance, 30*time.Minute, c.PremiumMostPPM), now.LossPPM)
		return taken
	})
	return curve, taken, err
}

// A price that jumps on all venues stops its pairs with a reason, and goes on once it is
// calm; before, its premium widens.
func TestAJumpStopsThePair(t *testing.T) {
	t.Parallel()
	f := newFloor(t, "a", "b", "c")
	c := MarketConfig{PremiumMostPPM: 5000, StopMovePPM: 20_000}
	f.apply(c)
	tell := func(price uint64) {
		f.at = f.at.Add(time.Second)
		for n := range 3 {
			f.tell(n, price)
		}
	}
	for range 20 {
		tell(3_500_000)
	}
	if _, taken, err := f.priced(t, btcToEth, c); err != nil || taken != 0 {
		t.Fatalf("at rest %d millionths are taken, %v", taken, err)
	}
	tell(3_505_000)
	if _, taken, err := f.priced(t, btcToEth, c); err != nil || taken < 500 || taken > 5000 {
		t.Errorf("after a move of 0.14 %% %d millionths are taken, %v", taken, err)
	}
	tell(3_700_000)
	if got := f.refusal(t); got != "The price of ETH-BTC moves too much now." {
		t.Errorf("%q", got)
	}
	if p := f.Prices()[0]; p.Unfit == "" || p.Outages != 1 {
		t.Errorf("%+v", p)
	}
	for n := 0; f.refusal(t) != ""; n++ {
		if n > 300 {
			t.Fatal("it does not go on")
		}
		tell(3_700_000)
	}
}

// With venues missing the price goes on and is wider by what was set at most, by all of it
// when only the quorum is left.
func TestLostVenuesWiden(t *testing.T) {
	t.Parallel()
	f := newFloor(t, "a", "b", "c", "d", "e")
	c := MarketConfig{LossMostPPM: 900}
	f.apply(c)
	for n := range 5 {
		f.tell(n, 3_500_000)
	}
	for lost, want := range []int64{0, 300, 600, 900} {
		if lost > 0 {
			f.lose(lost)
		}
		if _, taken, err := f.priced(t, ethToBtc, c); err != nil || taken != want {
			t.Errorf("with %d lost %d millionths are taken, %v; want %d", lost, taken, err, want)
		}
	}
	f.lose(4)
	if got := f.refusal(t); got != "Only 1 of 5 venues prices ETH-BTC now; Ferry needs 2." {
		t.Errorf("%q", got)
	}
}

// A venue's fee and share are taken into account, so that the dearer one's level comes
// later and counts less.
func TestVenuesAreTakenAtTheirTerms(t *testing.T) {
	t.Parallel()
	f := newFloor(t, "a", "b")
	f.apply(MarketConfig{Venues: map[string]VenueTerms{"a": {TakerPPM: 1000, SharePPM: 500_000}}})
	f.tell(0, 3_500_000)
	f.tell(1, 3_500_000)
	d, err := f.fora[0].depth(f.at)
	if err != nil || len(d.bids) != 2 || d.bids[0] != (Level{3_499_950, 5e9}) || d.bids[1] != (Level{3_496_450, 5e9}) || d.asks[1].Price != 3_503_551 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestMarketConfigValidates(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]MarketConfig{
		"":                {Venues: map[string]VenueTerms{"a": {TakerPPM: 1000, SharePPM: ppmWhole}}, DayMovePPM: 1, Targets: map[asset.ID]Target{asset.BTC: {Band: asset.NewUnits(1)}}},
		`venue "a"`:       {Venues: map[string]VenueTerms{"a": {TakerPPM: 1000}}},
		`venue "b"`:       {Venues: map[string]VenueTerms{"b": {TakerPPM: -1, SharePPM: 1}}},
		"a premium":       {PremiumMostPPM: maxPartPPM + 1},
		"a skew":          {SkewMostPPM: -1},
		"a loss":          {LossMostPPM: -1},
		"moves of":        {StopMovePPM: ppmWhole + 1},
		`target of "BTC"`: {Targets: map[asset.ID]Target{asset.BTC: {}}},
		`target of "XXX"`: {Targets: map[asset.ID]Target{"XXX": {Band: asset.NewUnits(1)}}},
	} {
		err := c.validate()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// One word of 20 venues, with 20 levels a side, until all of them make a price again.
func BenchmarkTick(b *testing.B) {
	var sources []Source
	for n := range 20 {
		sources = append(sources, named(rune('a'+n)))
	}
	m, err := NewMarket(func() time.Time { return epoch }, sources...)
	if err != nil {
		b.Fatal(err)
	}
	f := m.fora[0]
	var tops [64]Top
	for i := range tops {
		tops[i] = Top{Instrument: ethBtc, VenueTime: epoch, ReceivedAt: epoch}
		mid := 3_500_000 + uint64(i%8)*10
		for n := range uint64(DepthMost) {
			tops[i].Bids = append(tops[i].Bids, Level{mid - 50 - 175*n, 1e9 + n})
			tops[i].Asks = append(tops[i].Asks, Level{mid + 50 + 175*n, 1e9 + n})
		}
		tops[i].Bid, tops[i].Ask = tops[i].Bids[0], tops[i].Asks[0]
	}
	for n, s := range f.stalls {
		m.take(f, s, tops[n])
	}
	b.Run("fair", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			f.judged = time.Time{} // none waits for others
			m.take(f, f.stalls[i%20], tops[i%64])
		}
	})
	b.Run("consolidated", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			m.take(f, f.stalls[i%20], tops[i%64])
			if _, err := m.Top(btcToEth); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("curve", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			m.take(f, f.stalls[i%20], tops[i%64])
			if _, err := m.Curve(btcToEth, asset.NewUnits(50_000), asset.NewUnits(1e8), func(Condition) int64 { return 2000 }); err != nil {
				b.Fatal(err)
			}
		}
	})
}
