package liquidity

import (
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/swap/asset"
	"ferry/swap/price"
)

func TestNet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		side  side
		price uint64
		taker int64
		want  uint64
	}{
		"free bid":           {bids, 100_000, 0, 100_000},
		"free ask":           {asks, 100_000, 0, 100_000},
		"bid less a tenth %": {bids, 100_000, 1000, 99_900},
		"ask and a tenth %":  {asks, 100_000, 1000, 100_100},
		"bid down":           {bids, 100_001, 1000, 99_900},  // 99 900.999
		"ask up":             {asks, 100_001, 1000, 100_102}, // 100 101.001
		"bid of 64 bit":      {bids, 1<<64 - 1, 0, 1<<64 - 1},
		"ask beyond 64 bit":  {asks, 1<<64 - 1, 1, 1<<64 - 1}, // not to be had
		"all is fee":         {bids, 100, ppmWhole, 0},
	} {
		if got := net(c.side, c.price, c.taker); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// Worked by hand: fees, shares, the cap on one venue and the fair price's bound.
func TestLadder(t *testing.T) {
	t.Parallel()
	whole := func(levels ...Level) shelf { return shelf{levels: levels, sharePPM: ppmWhole} }
	for name, c := range map[string]struct {
		side    side
		shelves []shelf
		bound   uint64
		want    []Level
	}{
		"one venue":    {bids, []shelf{whole(Level{100, 5}, Level{99, 7})}, 1000, []Level{{100, 5}, {99, 7}}},
		"two merged":   {bids, []shelf{whole(Level{100, 5}, Level{98, 3}), whole(Level{99, 7}, Level{98, 1})}, 1000, []Level{{100, 5}, {99, 7}, {98, 4}}},
		"asks":         {asks, []shelf{whole(Level{100, 5}, Level{102, 5}), whole(Level{101, 10})}, 0, []Level{{100, 5}, {101, 10}, {102, 5}}},
		"bounded":      {bids, []shelf{whole(Level{105, 5}, Level{98, 5}), whole(Level{100, 10})}, 99, []Level{{99, 15}, {98, 5}}},
		"bounded asks": {asks, []shelf{whole(Level{95, 5}), whole(Level{102, 5})}, 100, []Level{{100, 5}, {102, 5}}},
		// The second venue has 30 and is taken for the first one's 10.
		"capped": {bids, []shelf{whole(Level{100, 10}), whole(Level{99, 20}, Level{98, 10})}, 1000, []Level{{100, 10}, {99, 10}}},
		// Half of 7, rounded down; the fee makes the better price the worse one.
		"share and fee": {bids, []shelf{{levels: []Level{{1000, 7}}, takerPPM: 10_000, sharePPM: ppmWhole / 2}, whole(Level{995, 7})}, 1000, []Level{{995, 3}, {990, 3}}},
		"nothing":       {asks, nil, 100, nil},
		"no size left":  {asks, []shelf{{levels: []Level{{100, 1}}, sharePPM: 1}}, 0, nil},
	} {
		if got := ladder(c.side, c.shelves, c.bound); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// drawLevels draws a side, best first.
func drawLevels(t *rapid.T, s side, best uint64, most int) []Level {
	levels := make([]Level, 0, most)
	for range rapid.IntRange(1, most).Draw(t, "levels") {
		levels = append(levels, Level{Price: best, Size: rapid.Uint64Range(1, 1e10).Draw(t, "size")})
		step := rapid.Uint64Range(1, best/200+1).Draw(t, "step")
		if s == bids && best <= step {
			break
		}
		if best += step; s == bids {
			best -= 2 * step
		}
	}
	return levels
}

// Whatever the venues: a ladder is sorted, each price once; it is never better than the
// bound or than the best venue; it holds no more than they do, and of none more than all
// others together.
func TestLadderIsOrdered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom([]side{bids, asks}).Draw(t, "side")
		var shelves []shelf
		var sum uint64
		bound := rapid.Uint64Range(1_000_000, 2_000_000).Draw(t, "bound")
		for range rapid.IntRange(1, 5).Draw(t, "venues") {
			best := rapid.Uint64Range(1_000_000, 2_000_000).Draw(t, "best")
			one := shelf{levels: drawLevels(t, s, best, 6), takerPPM: rapid.Int64Range(0, 5000).Draw(t, "fee"), sharePPM: rapid.Int64Range(1, ppmWhole).Draw(t, "share")}
			shelves = append(shelves, one)
			sum += one.total()
		}
		merged := ladder(s, shelves, bound)
		var size uint64
		for i, l := range merged {
			worse := i == 0 || s == bids && l.Price < merged[i-1].Price || s == asks && l.Price > merged[i-1].Price
			if !worse || l.Size == 0 || s == bids && l.Price > bound || s == asks && l.Price < bound {
				t.Fatalf("level %d of %v, bound %d", i, merged, bound)
			}
			size += l.Size
		}
		if size > sum {
			t.Fatalf("%d in the ladder, %d at the venues", size, sum)
		}
		for i, most := range caps(shelves) {
			if len(shelves) > 1 && most > sum-shelves[i].total() {
				t.Fatalf("venue %d is taken for %d of %d", i, most, sum)
			}
		}
	})
}

// Each quantity walked level by level, against the plainest sum there is.
func TestWalkByHand(t *testing.T) {
	t.Parallel()
	levels := []Level{{100, 5}, {90, 10}}
	for name, c := range map[string]struct {
		walk     func([]Level, price.Ratio) (price.Ratio, bool)
		num, den int64
		want     *big.Rat
	}{
		"sell nothing":    {sell, 0, 1, big.NewRat(0, 1)},
		"sell the first":  {sell, 5, 1, big.NewRat(500, 1)},
		"sell both":       {sell, 15, 1, big.NewRat(1400, 1)},
		"sell a part":     {sell, 13, 2, big.NewRat(635, 1)}, // 5 at 100, 1.5 at 90
		"sell too much":   {sell, 151, 10, nil},
		"spend the first": {buy, 500, 1, big.NewRat(5, 1)},
		"spend both":      {buy, 1400, 1, big.NewRat(15, 1)},
		"spend a part":    {buy, 550, 1, big.NewRat(50, 9)}, // 5, and 50/90
		"spend too much":  {buy, 1401, 1, nil},
	} {
		got, ok := c.walk(levels, price.Ratio{Num: big.NewInt(c.num), Den: big.NewInt(c.den)})
		if ok != (c.want != nil) || ok && new(big.Rat).SetFrac(got.Num, got.Den).Cmp(c.want) != 0 {
			t.Errorf("%s: %v/%v, %t; want %v", name, got.Num, got.Den, ok, c.want)
		}
	}
}

// drawDepth draws a book, crossed never.
func drawDepth(t *rapid.T, i Instrument, least, most uint64) depth {
	bid := rapid.Uint64Range(least, most).Draw(t, i.String())
	ask := bid + rapid.Uint64Range(1, bid/100+1).Draw(t, "width")
	return depth{instrument: i, bids: drawLevels(t, bids, bid, 8), asks: drawLevels(t, asks, ask, 8)}
}

// Whatever the books, the pair and the size: a curve never gives more than walking the
// books would, loses little against that, is worth more the more is deposited, and each
// coin of more is worth no more than the ones before.
func TestCurveIsTheWalk(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		eth, usdt := drawDepth(t, ethBtc, 1_000_000, 10_000_000), drawDepth(t, btcUsdt, 1_000_000, 20_000_000)
		books, p := []depth{eth}, rapid.SampledFrom([]asset.Pair{btcToEth, ethToBtc}).Draw(t, "pair")
		switch rapid.IntRange(0, 2).Draw(t, "way") {
		case 1:
			books, p = []depth{eth, usdt}, asset.Pair{From: asset.ETH, To: asset.USDT}
		case 2:
			books, p = []depth{usdt, eth}, asset.Pair{From: asset.USDT, To: asset.ETH}
		}
		coin := asset.Pow10(asset.MustLookup(p.From).Decimals)
		units := func(thousandths uint64) asset.Units {
			u, err := asset.NewUnits(thousandths).MulDiv(coin, big.NewInt(1000), asset.Up)
			if err != nil {
				t.Fatal(err)
			}
			return u
		}
		least := units(rapid.Uint64Range(1, 100).Draw(t, "least"))
		most, err := least.Add(units(rapid.Uint64Range(0, 1_000_000).Draw(t, "most")))
		if err != nil {
			t.Fatal(err)
		}
		marginPPM := rapid.Int64Range(0, 20_000).Draw(t, "margin")
		c, err := newCurve(books, p, least, most, marginPPM)
		if err != nil {
			if _, ok := worth(books, p, least.Big(), marginPPM); ok {
				t.Fatalf("the books take %s and there is no curve: %v", least, err)
			}
			return
		}
		if err := c.Curve.Validate(c.Ratio); err != nil {
			t.Fatal(err)
		}
		// What the books take, the curve reaches, but for a sixteenth of a doubling.
		end, ends := c.Curve.Reach()
		if ends && end != most {
			more, err := end.MulDiv(big.NewInt(17), big.NewInt(16), asset.Up)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := worth(books, p, new(big.Int).Add(more.Big(), big.NewInt(1)), marginPPM); ok && more.Less(most) {
				t.Fatalf("the curve ends at %s, the books take %s", end, more)
			}
			most = end
		}
		deposit := rapid.Custom(func(t *rapid.T) asset.Units {
			u, err := most.MulDiv(new(big.Int).SetUint64(rapid.Uint64Range(1, 1<<32).Draw(t, "part")), big.NewInt(1<<32), asset.Up)
			if err != nil {
				t.Fatal(err)
			}
			return u
		})
		one, two := deposit.Draw(t, "one"), deposit.Draw(t, "two")
		if two.Less(one) {
			one, two = two, one
		}
		a, b := grossOf(t, c, one), grossOf(t, c, two)
		for d, g := range map[asset.Units]*big.Int{one: a, two: b} {
			walked, ok := worth(books, p, d.Big(), marginPPM)
			if !ok || walked.Big().Cmp(g) < 0 {
				t.Fatalf("%s units are worth %s, the books give %s (%t)", d, g, walked, ok)
			}
		}
		if a.Cmp(b) > 0 {
			t.Fatalf("%s units are worth %s, and the more %s only %s", one, a, two, b)
		}
		// a/one ≥ b/two, but for the units that were cut off.
		left := new(big.Int).Mul(new(big.Int).Add(a, big.NewInt(2)), two.Big())
		if left.Cmp(new(big.Int).Mul(b, one.Big())) < 0 {
			t.Fatalf("%s units are worth %s each and the more %s are worth %s", one, a, two, b)
		}
	})
}

func grossOf(t *rapid.T, c Curved, deposit asset.Units) *big.Int {
	r, err := c.Curve.RatioAt(c.Ratio, deposit)
	if err != nil {
		t.Fatal(err)
	}
	units, err := deposit.MulDiv(r.Num, r.Den, asset.Down)
	if err != nil {
		t.Fatal(err)
	}
	return units.Big()
}

// A book of two levels by hand: 1 ETH at 0.035, 1 more at 0.03; a margin of 1 %.
func TestCurveByHand(t *testing.T) {
	t.Parallel()
	d := depth{instrument: ethBtc, bids: []Level{{3_500_000, 1e8}, {3_000_000, 1e8}}, asks: []Level{{3_600_000, 1e8}}}
	coins := func(text string) asset.Units { return amount(t, asset.ETH, text).Units }
	c, err := newCurve([]depth{d}, ethToBtc, coins("0.5"), coins("10"), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	// The first level takes 1 ETH; the books take 2 of the 10.
	want := price.Curve{{Deposit: coins("1"), Gross: asset.NewUnits(3_465_000)}, {Deposit: coins("2"), Gross: asset.NewUnits(6_435_000)}}
	if !slices.Equal(c.Curve, want) {
		t.Errorf("%v, want %v", c.Curve, want)
	}
	p := Pricing{Pair: ethToBtc, Ratio: c.Ratio, Curve: c.Curve, NetworkFee: asset.Amount{Asset: asset.BTC}}
	for deposit, payout := range map[string]string{"0.5": "0.017325", "1": "0.03465", "1.5": "0.0495", "2": "0.06435", "2.1": "more than the books hold"} {
		o, err := p.ByDeposit(amount(t, asset.ETH, deposit))
		if err != nil {
			if payout != "more than the books hold" {
				t.Errorf("%s ETH: %v", deposit, err)
			}
			continue
		}
		if o.Payout.Decimal() != payout {
			t.Errorf("%s ETH pays %s, want %s", deposit, o.Payout, payout)
		}
		if back, err := p.ByPayout(o.Payout); err != nil || back.Deposit != o.Deposit {
			t.Errorf("%s costs %s, want %s (%v)", o.Payout, back.Deposit, o.Deposit, err)
		}
	}
	// A first level that is smaller than any deposit: the least one's price is the first.
	d.bids[0].Size = 1e6
	c, err = newCurve([]depth{d}, ethToBtc, coins("0.5"), coins("0.6"), 0)
	if err != nil || len(c.Curve) != 2 || c.Curve[0] != (price.Point{Deposit: coins("0.5"), Gross: asset.NewUnits(1_505_000)}) {
		t.Errorf("%v, %v", c.Curve, err)
	}
	if c, err := newCurve([]depth{d}, ethToBtc, coins("1.02"), coins("2"), 0); err == nil {
		t.Errorf("a deposit that the books don't take is priced: %v", c)
	}
}

// The example of docs/pricing.md, number by number.
func TestTheExampleOfTheDocument(t *testing.T) {
	t.Parallel()
	const eth = 100_000_000 // a coin in units of a size
	a := shelf{levels: []Level{{3_500_000, 10 * eth}, {3_490_000, 10 * eth}}, takerPPM: 1000, sharePPM: ppmWhole}
	b := shelf{levels: []Level{{3_498_000, 10 * eth}, {3_480_000, 10 * eth}}, sharePPM: ppmWhole}
	merged := ladder(bids, []shelf{a, b}, 3_497_000)
	if want := []Level{{3_497_000, 10 * eth}, {3_496_500, 10 * eth}, {3_486_510, 10 * eth}, {3_480_000, 10 * eth}}; !slices.Equal(merged, want) {
		t.Fatalf("%v, want %v", merged, want)
	}
	taken := margin(20*ppmPerBPS, skew(500_000, -200_000, 1000), premium(priorVolatility(30_000).slow, 31*time.Minute, 1000), 0)
	if taken != 3350 {
		t.Fatalf("the margin is %d millionths", taken)
	}
	d := depth{instrument: ethBtc, bids: merged, asks: []Level{{3_503_000, 10 * eth}}}
	c, err := newCurve([]depth{d}, ethToBtc, amount(t, asset.ETH, "0.01").Units, amount(t, asset.ETH, "25").Units, taken)
	if err != nil {
		t.Fatal(err)
	}
	p := Pricing{Pair: ethToBtc, Ratio: c.Ratio, Curve: c.Curve, FeeBPS: 50, NetworkFee: amount(t, asset.BTC, "0.00002")}
	for deposit, want := range map[string][2]string{
		"25": {"0.00435375 BTC", "0.86637493 BTC"},
		// Within the first level: 0.03497 × 0.99665 for each ETH.
		"1": {"0.00017427 BTC", "0.03465858 BTC"},
	} {
		o, err := p.ByDeposit(amount(t, asset.ETH, deposit))
		if err != nil || o.ServiceFee.String() != want[0] || o.Payout.String() != want[1] {
			t.Errorf("%s ETH: %s of fee, %s are paid (%v), want %v", deposit, o.ServiceFee, o.Payout, err, want)
		}
	}
}
