package liquidity

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/price"
)

var (
	ltcBtc  = Instrument{Base: asset.LTC, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}
	bchBtc  = Instrument{Base: asset.BCH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}
	btcUsdt = Instrument{Base: asset.BTC, Quote: asset.USDT, PriceDecimals: 2, SizeDecimals: 8}
)

// topOf is a top of a book with plenty on both sides.
func topOf(i Instrument, bid, ask uint64) Top {
	return Top{Instrument: i, Bid: Level{Price: bid, Size: 1e10}, Ask: Level{Price: ask, Size: 1e10}}
}

// Prices worked out by hand: each leg at its worse side, decimals only of the ends.
func TestCross(t *testing.T) {
	t.Parallel()
	ltc, eth, usdt := topOf(ltcBtc, 99_000, 100_000), topOf(ethBtc, 3_500_000, 3_600_000), topOf(btcUsdt, 9_800_000, 9_900_000)
	for _, c := range []struct {
		name          string
		first, second Top
		pair          asset.Pair
		spread        int64
		num, den      string
	}{
		// 1 LTC sells for 0.00099 BTC, which buys 0.00099/0.036 = 0.0275 ETH.
		{"LTC to ETH", ltc, eth, asset.Pair{From: asset.LTC, To: asset.ETH}, 0, "275000000", "1"}, // 0.0275e18 wei for 1e8 litoshi
		{"with a spread of half", ltc, eth, asset.Pair{From: asset.LTC, To: asset.ETH}, 5_000, "137500000", "1"},
		// 1 ETH sells for 0.035 BTC, which buys 0.035/0.001 = 35 LTC.
		{"ETH to LTC", eth, ltc, asset.Pair{From: asset.ETH, To: asset.LTC}, 0, "7", "2000000000"}, // 35e8 for 1e18
		// 1 LTC sells for 0.00099 BTC, which sells for 97.02 USDT.
		{"LTC to USDT", ltc, usdt, asset.Pair{From: asset.LTC, To: asset.USDT}, 0, "4851", "5000"}, // 97.02e6 for 1e8
		// 1 USDT buys 1/99000 BTC, which buys 1/99 LTC.
		{"USDT to LTC", usdt, ltc, asset.Pair{From: asset.USDT, To: asset.LTC}, 0, "100", "99"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := NewCross(c.first, c.second, c.pair, c.spread*ppmPerBPS)
			if err != nil || got.Num.String() != c.num || got.Den.String() != c.den {
				t.Errorf("%v/%v, %v; want %s/%s", got.Num, got.Den, err, c.num, c.den)
			}
		})
	}
	for name, legs := range map[string][2]Top{
		"no common asset": {ltc, ltc}, "the wrong way round": {eth, ltc}, "an empty book": {ltc, topOf(ethBtc, 0, 0)}, "an empty first book": {topOf(ltcBtc, 0, 5), eth},
	} {
		if r, err := NewCross(legs[0], legs[1], asset.Pair{From: asset.LTC, To: asset.ETH}, 0); err == nil {
			t.Errorf("%s is priced at %v", name, r)
		}
	}
}

// smallest is a pair's price for one base unit, without a margin.
func smallest(m *Market, p asset.Pair) (price.Ratio, error) {
	c, err := m.Curve(p, asset.NewUnits(1), asset.NewUnits(1), func(Condition) int64 { return 0 })
	return c.Ratio, err
}

// drawTop draws a book, crossed never.
func drawTop(t *rapid.T, i Instrument) Top {
	bid := rapid.Uint64Range(1, 1<<50).Draw(t, i.String())
	return topOf(i, bid, bid+rapid.Uint64Range(1, bid/10+1).Draw(t, "width"))
}

// Whatever the books: nobody gains by going round, through any pairs of assets; a
// cross is never better than its legs one after the other; and it fits a rate.
func TestCrossGivesNothingAway(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tops := map[asset.ID]Top{asset.ETH: drawTop(t, ethBtc), asset.LTC: drawTop(t, ltcBtc), asset.BCH: drawTop(t, bchBtc), asset.USDT: drawTop(t, btcUsdt)}
		spread := rapid.Int64Range(0, maxBPS).Draw(t, "spread")
		ratio := func(from, to asset.ID) *big.Rat {
			r, err := NewCross(tops[from], tops[to], asset.Pair{From: from, To: to}, spread*ppmPerBPS)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []*big.Int{r.Num, r.Den} {
				if _, err := asset.UnitsFromBig(n); err != nil || n.Sign() <= 0 {
					t.Fatalf("%s to %s: %v", from, to, err)
				}
			}
			return new(big.Rat).SetFrac(r.Num, r.Den)
		}
		ids := rapid.Permutation([]asset.ID{asset.ETH, asset.LTC, asset.BCH, asset.USDT}).Draw(t, "assets")
		round := new(big.Rat).Mul(ratio(ids[0], ids[1]), ratio(ids[1], ids[2]))
		if round.Mul(round, ratio(ids[2], ids[0])); round.Cmp(big.NewRat(1, 1)) >= 0 {
			t.Fatalf("going round %v gives %s", ids[:3], round.FloatString(12))
		}
		first, err := NewRatio(tops[ids[0]], asset.Pair{From: ids[0], To: asset.BTC}, 0)
		if err != nil {
			t.Fatal(err)
		}
		second, err := NewRatio(tops[ids[1]], asset.Pair{From: asset.BTC, To: ids[1]}, spread*ppmPerBPS)
		if err != nil {
			t.Fatal(err)
		}
		legs := new(big.Rat).Mul(new(big.Rat).SetFrac(first.Num, first.Den), new(big.Rat).SetFrac(second.Num, second.Den))
		if got := ratio(ids[0], ids[1]); got.Cmp(legs) != 0 {
			t.Fatalf("%s, its legs %s", got, legs)
		}
	})
}

// A market prices every pair whose assets meet, says which leg is missing, and takes a
// pair's own book before any cross.
func TestMarketCrosses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(tops ...Top) []Source {
		list := make([]Source, len(tops))
		for i, top := range tops {
			top.VenueTime, top.ReceivedAt = now, now
			list[i] = scripted{instrument: top.Instrument, tops: []Top{top}}
		}
		return list
	}
	run := func(sources ...Source) *Market {
		m, err := NewMarket(func() time.Time { return now }, sources...)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		return m
	}
	ltc, eth, bch := topOf(ltcBtc, 99_000, 100_000), topOf(ethBtc, 3_500_000, 3_600_000), topOf(bchBtc, 350_000, 360_000)
	m := run(at(eth, ltc, bch)...)
	ids := []asset.ID{asset.BTC, asset.ETH, asset.LTC, asset.BCH}
	for _, from := range ids {
		for _, to := range ids {
			p := asset.Pair{From: from, To: to}
			if r, err := smallest(m, p); from != to && (err != nil || r.Num.Sign() <= 0 || !m.covers(p)) {
				t.Errorf("%s: %v", p, err)
			}
		}
	}
	toEth := asset.Pair{From: asset.LTC, To: asset.ETH}
	crossed, err := smallest(m, toEth)
	if err != nil {
		t.Fatal(err)
	}
	own := run(append(at(eth, ltc), at(topOf(Instrument{Base: asset.ETH, Quote: asset.LTC, PriceDecimals: 8, SizeDecimals: 8}, 3_000_000_000, 4_000_000_000))...)...)
	if direct, err := smallest(own, toEth); err != nil || direct.Num.Cmp(crossed.Num) == 0 {
		t.Errorf("a pair's own book gives %v/%v, %v", direct.Num, direct.Den, err)
	}
	lost := run(append(at(eth), scripted{instrument: ltcBtc, tops: []Top{{Instrument: ltcBtc, Unavailable: "Lost."}}})...)
	for p, sentence := range map[asset.Pair]string{toEth: "Lost.", {From: asset.BTC, To: asset.LTC}: "Lost.", {From: asset.USDT, To: asset.ETH}: "No venue prices USDT-ETH."} {
		var refusal *swap.Error
		if _, err := smallest(lost, p); !asRefusal(err, &refusal) || refusal.Code != swap.CodePriceUnavailable || refusal.Message != sentence {
			t.Errorf("%s: %v, want %q", p, err, sentence)
		}
	}
	if lost.covers(asset.Pair{From: asset.USDT, To: asset.ETH}) || !lost.covers(toEth) {
		t.Error("what is covered does not depend on what has a price now")
	}
}
