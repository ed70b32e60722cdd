package liquidity

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestOpine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bid, ask Level
		want     opinion
	}{
		"even":            {Level{100, 5}, Level{110, 5}, opinion{105, 5}},
		"buyers press":    {Level{100, 9}, Level{110, 1}, opinion{109, 9}},
		"sellers press":   {Level{100, 1}, Level{110, 9}, opinion{101, 9}},
		"one tick":        {Level{100, 1}, Level{101, 1}, opinion{100, 1}},
		"sizes of 64 bit": {Level{100, 1<<64 - 1}, Level{110, 1<<64 - 1}, opinion{105, 5}},
	} {
		if got := opine(Top{Bid: c.bid, Ask: c.ask}); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func draw(t *rapid.T, name string) Top {
	bid := rapid.Uint64Range(1, 1<<40).Draw(t, name+" bid")
	size := rapid.OneOf(rapid.Uint64Range(1, 1000), rapid.Uint64Range(1, 1<<64-1))
	return Top{Bid: Level{bid, size.Draw(t, "size")}, Ask: Level{bid + rapid.Uint64Range(1, 1<<20).Draw(t, "spread"), size.Draw(t, "size")}}
}

// Whatever venues say, nobody is promised more than the best of them pays; one venue
// alone is quoted at its own prices or worse; and the order does not matter.
func TestCombineNeverBeatsTheVenues(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var opinions []opinion
		bid, ask := uint64(0), uint64(1<<64-1)
		for range rapid.IntRange(1, 9).Draw(t, "venues") {
			top := draw(t, "venue")
			o := opine(top)
			if o.price < top.Bid.Price || o.price > top.Ask.Price || o.price-min(o.price, o.confidence) > top.Bid.Price || o.price+o.confidence < top.Ask.Price {
				t.Fatalf("%+v of %+v", o, top)
			}
			opinions = append(opinions, o)
			bid, ask = max(bid, top.Bid.Price), min(ask, top.Ask.Price)
		}
		fair, _ := combine(opinions, nil)
		if fair.price-min(fair.price, fair.confidence) > bid || fair.price+fair.confidence < ask {
			t.Fatalf("%+v beats the best bid %d or ask %d of %+v", fair, bid, ask, opinions)
		}
		if len(opinions) == 1 && fair != opinions[0] {
			t.Fatalf("%+v of %+v alone", fair, opinions[0])
		}
		slices.Reverse(opinions)
		if again, _ := combine(opinions, nil); again != fair {
			t.Fatalf("%+v, in another order %+v", fair, again)
		}
	})
}

// What is read off partial orders is what whole ones say.
func TestPartialOrders(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "venues")
		opinions, prices := make([]opinion, n), make([]uint64, n)
		var votes []uint64
		for i := range n {
			o := opinion{rapid.Uint64Range(10, 60).Draw(t, "price"), rapid.Uint64Range(0, 10).Draw(t, "confidence")}
			opinions[i], prices[i] = o, o.price
			votes = append(votes, o.price-o.confidence, o.price, o.price+o.confidence)
		}
		slices.Sort(votes)
		last := len(votes) - 1
		want := opinion{price: middleOf(votes)}
		want.confidence = max(want.price-votes[last/4], votes[(3*last+3)/4]-want.price)
		if got, _ := combine(opinions, nil); got != want {
			t.Fatalf("%+v, want %+v of %d", got, want, votes)
		}
		slices.Sort(prices)
		middle := middleOf(prices)
		var distances []uint64
		for _, p := range prices {
			distances = append(distances, apart(p, middle))
		}
		slices.Sort(distances)
		if got := deviation(prices, middle); got != middleOf(distances) {
			t.Fatalf("deviation %d of %d, want %d", got, prices, middleOf(distances))
		}
	})
}

func TestExclude(t *testing.T) {
	t.Parallel()
	none := []bool{false, false, false, false, false}
	for name, c := range map[string]struct {
		prices    []uint64
		out, want []bool
	}{
		"one alone":                {[]uint64{100_000}, none[:1], none[:1]},
		"all alike":                {[]uint64{100_000, 100_010, 99_990, 100_005, 100_000}, none, none},
		"one 6 % off":              {[]uint64{100_000, 100_010, 106_000, 100_005, 100_000}, none, []bool{false, false, true, false, false}},
		"one of three":             {[]uint64{100_000, 94_000, 100_010}, none[:3], []bool{false, true, false}},
		"just within":              {[]uint64{100_000, 100_000, 100_250}, none[:3], none[:3]},
		"just out":                 {[]uint64{100_000, 100_000, 100_251}, none[:3], []bool{false, false, true}},
		"out and not yet back":     {[]uint64{100_000, 100_000, 100_126}, []bool{false, false, true}, []bool{false, false, true}},
		"back within half":         {[]uint64{100_000, 100_000, 100_125}, []bool{false, false, true}, none[:3]},
		"two who disagree":         {[]uint64{100_000, 103_000}, none[:2], []bool{true, true}},
		"two who differ a little":  {[]uint64{100_000, 100_400}, none[:2], none[:2]},
		"a lively market is wider": {[]uint64{100_000, 100_100, 99_900, 100_500, 99_950}, none, none},
		"wider is not everything":  {[]uint64{100_000, 101_000, 99_000, 101_200, 99_500}, none, []bool{false, false, false, true, false}},
		"two against two":          {[]uint64{100_000, 100_000, 106_000, 106_000}, none[:4], []bool{true, true, true, true}},
		"all were out, all agree":  {[]uint64{100_000, 100_010, 100_020}, []bool{true, true, true}, none[:3]},
		"prices of nearly 64 bit":  {[]uint64{1<<64 - 1, 1<<64 - 2, 1 << 63}, none[:3], []bool{false, false, true}},
	} {
		if got, _ := exclude(c.prices, slices.Clone(c.out), nil); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A venue that is far from a majority that agrees is left out, however far and on
// whichever side; the majority never is.
func TestExcludeFollowsTheMajority(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.Uint64Range(1_000_000, 1<<50).Draw(t, "base")
		honest := rapid.IntRange(2, 6).Draw(t, "honest")
		wrong := rapid.IntRange(0, honest-1).Draw(t, "wrong")
		var prices []uint64
		for range honest {
			prices = append(prices, base+rapid.Uint64Range(0, share(base, 10)).Draw(t, "noise"))
		}
		for range wrong {
			off := share(base, rapid.Uint64Range(300, 5000).Draw(t, "off"))
			if rapid.Bool().Draw(t, "below") {
				prices = append(prices, base-off)
			} else {
				prices = append(prices, base+off)
			}
		}
		out, _ := exclude(prices, make([]bool, len(prices)), nil)
		for i, o := range out {
			if o != (i >= honest) {
				t.Fatalf("%d of %v: left out %v", i, prices, out)
			}
		}
	})
}
