package liquidity

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/swap/asset"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A price that moves by a thousandth each second has a variance of a thousandth squared a
// second, so of 7746 millionths a minute (√60 thousandths), and one at rest none.
func TestVolatilityOfASteadyMove(t *testing.T) {
	t.Parallel()
	v := priorVolatility(0)
	price := uint64(1_000_000_000)
	for n := range 3 * 60 * 60 {
		up := price / 1000
		if n%2 == 1 {
			price -= up
		} else {
			price += up
		}
		v = v.sample(epoch.Add(time.Duration(n)*time.Second), price)
		// What comes within the same second is not another return.
		v = v.sample(epoch.Add(time.Duration(n)*time.Second+time.Millisecond), price*2)
	}
	for what, variance := range map[string]uint64{"slow": v.slow, "quick": v.quick} {
		if got := moves(variance, 60); got < 7_600 || got > 7_800 {
			t.Errorf("%s: %d millionths a minute, want 7746", what, got)
		}
	}
	at := epoch.Add(3 * time.Hour)
	for n := range 600 {
		v = v.sample(at.Add(time.Duration(n)*time.Second), price)
	}
	// After one time constant about 1/e is left of the slow one, of the quick one nothing.
	if got := v.slow; got < 340_000 || got > 400_000 || v.quick > 1_000 {
		t.Errorf("after ten minutes at rest %d and %d are left of 1000000", got, v.quick)
	}
}

func TestPremium(t *testing.T) {
	t.Parallel()
	// 3 % a day is 3/√86400 % a second; over 31 minutes 0.4405 %, of which 0.4.
	v := priorVolatility(30_000)
	for name, c := range map[string]struct {
		variance uint64
		length   time.Duration
		most     int64
		want     int64
	}{
		"by hand":      {v.slow, 31 * time.Minute, 10_000, 1760}, // 10416 × 1860, its root 4401, × 0.4
		"bounded":      {v.slow, 31 * time.Minute, 1000, 1000},
		"no length":    {v.slow, 0, 1000, 0},
		"no move":      {0, time.Hour, 1000, 0},
		"off":          {v.slow, time.Hour, 0, 0},
		"past numbers": {1<<64 - 1, 365 * 24 * time.Hour, 1000, 1000},
	} {
		if got := premium(c.variance, c.length, c.most); got != c.want && !(name == "by hand" && got == c.want+1) {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// A jump stops, calm goes on, and only once it is within half of the limit.
func TestJumps(t *testing.T) {
	t.Parallel()
	v, at, stopped := priorVolatility(0), epoch, false
	tell := func(price uint64) {
		at = at.Add(time.Second)
		v = v.sample(at, price)
		stopped = jumps(v, stopped, 20_000)
	}
	for range 10 {
		tell(1_000_000)
	}
	if stopped {
		t.Fatal("a price at rest stops")
	}
	tell(1_050_000)
	if !stopped {
		t.Fatalf("a jump by 5 %% does not stop: %d millionths a minute", moves(v.quick, 60))
	}
	seconds := 0
	for stopped {
		tell(1_050_000)
		if seconds++; seconds > 600 {
			t.Fatal("it does not go on")
		}
		if move := moves(v.quick, 60); stopped == (move <= 10_000) {
			t.Fatalf("%d millionths a minute: stopped %t", move, stopped)
		}
	}
	if seconds < 30 {
		t.Errorf("it goes on after %d s", seconds)
	}
	if jumps(v, true, 0) {
		t.Error("no limit stops")
	}
}

// Whatever comes in, nothing overflows, and a root is a root.
func TestVolatilityIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := priorVolatility(rapid.Int64Range(0, ppmWhole).Draw(t, "prior"))
		at := epoch
		for range rapid.IntRange(1, 20).Draw(t, "prices") {
			at = at.Add(time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "later")))
			v = v.sample(at, rapid.Uint64().Draw(t, "price"))
			if v.slow > returnMost*returnMost || v.quick > returnMost*returnMost {
				t.Fatalf("%+v", v)
			}
		}
		n := rapid.Uint64().Draw(t, "n")
		r := new(big.Int).SetUint64(isqrt(n))
		if want := new(big.Int).Sqrt(new(big.Int).SetUint64(n)); r.Cmp(want) != 0 {
			t.Fatalf("the root of %d is %s, not %s", n, want, r)
		}
	})
}

func TestSkew(t *testing.T) {
	t.Parallel()
	aim := Target{Aim: asset.NewUnits(1000), Band: asset.NewUnits(200)}
	for position, want := range map[int64]int64{1000: 0, 1100: 500_000, 900: -500_000, 1200: ppmWhole, 5000: ppmWhole, 800: -ppmWhole, -50: -ppmWhole} {
		if got := aim.away(big.NewInt(position)); got != want {
			t.Errorf("%d is %d away, want %d", position, got, want)
		}
	}
	if got := (Target{}).away(big.NewInt(7)); got != 0 {
		t.Errorf("without a band: %d", got)
	}
	for name, c := range map[string]struct{ from, to, most, want int64 }{
		"on target":           {0, 0, 3000, 0},
		"both against":        {ppmWhole, -ppmWhole, 3000, 3000},
		"both for":            {-ppmWhole, ppmWhole, 3000, -3000},
		"too much comes":      {ppmWhole, 0, 3000, 1500},
		"too little is there": {0, -500_000, 3000, 750},
		"both too much":       {ppmWhole, ppmWhole, 3000, 0},
		"up":                  {1, 0, 3000, 1},
		"less, towards us":    {-1, 0, 3000, 0},
	} {
		if got := skew(c.from, c.to, c.most); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	for want, parts := range map[int64][]int64{0: {2000, -3000}, 2500: {2000, 500}, ppmWhole - 1: {ppmWhole, ppmWhole}} {
		if got := margin(parts...); got != want {
			t.Errorf("margin of %v: %d, want %d", parts, got, want)
		}
	}
}

func TestLossOfVenues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		venues, admitted int
		want             int64
	}{{5, 5, 0}, {5, 4, 334}, {5, 3, 667}, {5, 2, 1000}, {5, 1, 1000}, {2, 2, 0}, {2, 1, 0}, {1, 1, 0}} {
		if got := loss(c.venues, c.admitted, min(quorum, c.venues), 1000); got != c.want {
			t.Errorf("%d of %d: %d, want %d", c.admitted, c.venues, got, c.want)
		}
	}
}

// An asset whose position is not known, and one that is full, cost what they may.
func TestInventoryFailsClosed(t *testing.T) {
	t.Parallel()
	i := inventory{targets: map[asset.ID]Target{
		asset.BTC: {Aim: asset.NewUnits(100), Band: asset.NewUnits(10), Most: asset.NewUnits(150)},
		asset.ETH: {Aim: asset.NewUnits(100), Band: asset.NewUnits(10)},
	}}
	if got := i.skew(btcToEth, 1000); got != 1000 {
		t.Errorf("unknown positions add %d", got)
	}
	if _, _, err := i.room(asset.BTC, asset.NewUnits(1)); err == nil {
		t.Error("there is room in an unknown position")
	}
	i.held = map[asset.ID]holding{asset.BTC: {position: big.NewInt(110)}, asset.ETH: {position: big.NewInt(110)}}
	if got := i.skew(btcToEth, 1000); got != 0 {
		t.Errorf("both at their band add %d", got)
	}
	if room, limited, err := i.room(asset.BTC, asset.NewUnits(1)); err != nil || !limited || room != asset.NewUnits(40) {
		t.Errorf("room of %s, %t, %v", room, limited, err)
	}
	if _, _, err := i.room(asset.BTC, asset.NewUnits(41)); err == nil {
		t.Error("there is room for more than there is")
	}
	if _, limited, err := i.room(asset.ETH, asset.NewUnits(1)); limited || err != nil {
		t.Errorf("no limit: %t, %v", limited, err)
	}
}
