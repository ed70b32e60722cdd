package dust

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ferry/swap/asset"
)

var limits = Limits{Floor: asset.NewUnits(1000), Ceiling: asset.NewUnits(10_000)}

// looks follows costs from a level and returns each threshold that was published.
func looks(t *testing.T, l Limits, now Level, costs ...uint64) (Level, []uint64) {
	t.Helper()
	var published []uint64
	for _, c := range costs {
		var err error
		if now, err = l.Next(now, asset.NewUnits(c)); err != nil {
			t.Fatal(err)
		}
		n, ok := now.Threshold.Uint64()
		if !ok {
			t.Fatalf("threshold %s", now.Threshold)
		}
		published = append(published, n)
	}
	return now, published
}

func first(t *testing.T, l Limits, cost uint64) Level {
	t.Helper()
	level, err := l.First(asset.NewUnits(cost))
	if err != nil {
		t.Fatal(err)
	}
	return level
}

func repeat(cost uint64, n int) []uint64 {
	costs := make([]uint64, n)
	for i := range costs {
		costs[i] = cost
	}
	return costs
}

// The first look is believed; it is written with two digits, up, within the limits.
func TestFirstLook(t *testing.T) {
	t.Parallel()
	for cost, want := range map[uint64]uint64{0: 1000, 999: 1000, 1001: 1100, 3400: 3400, 3401: 3500, 9999: 10_000, 50_000: 10_000} {
		if got := first(t, limits, cost).Threshold; got != asset.NewUnits(want) {
			t.Errorf("a cost of %d is published as %s, want %d", cost, got, want)
		}
	}
}

// A rise that lasts is followed in steps, none of them down, and so is the fall; both
// end within an eighth of what it costs.
func TestFollowsFees(t *testing.T) {
	t.Parallel()
	level, up := looks(t, limits, first(t, limits, 2000), repeat(6800, 60)...)
	moves := 0
	for i := 1; i < len(up); i++ {
		if up[i] < up[i-1] {
			t.Fatalf("it fell while fees rose: %v", up)
		}
		if up[i] != up[i-1] {
			moves++
		}
	}
	if last := up[len(up)-1]; last < 6000 || last > 7700 || moves < 2 || moves > 12 {
		t.Errorf("after a rise to 6800: %v", up)
	}
	_, down := looks(t, limits, level, repeat(1500, 80)...)
	if last := down[len(down)-1]; last < 1300 || last > 1700 {
		t.Errorf("after a fall to 1500: %v", down)
	}
}

// One look at a spike, however high or low, moves it by little, and a trembling fee not
// at all.
func TestDoesNotFlap(t *testing.T) {
	t.Parallel()
	start := first(t, limits, 4000)
	for _, cost := range []uint64{0, 8000, 1 << 60} {
		_, spike := looks(t, limits, start, append([]uint64{cost}, repeat(4000, 30)...)...)
		for _, p := range spike {
			if p != 4000 {
				t.Fatalf("a spike to %d: %v", cost, spike)
			}
		}
	}
	trembling := make([]uint64, 200)
	for i := range trembling {
		trembling[i] = 3700 + uint64(i%2)*600
	}
	_, published := looks(t, limits, start, trembling...)
	for _, p := range published {
		if p != 4000 {
			t.Fatalf("fees tremble by a twelfth and the threshold moves: %v", published)
		}
	}
	// At the floor as well: costs on both sides of it.
	_, published = looks(t, limits, first(t, limits, 900), repeat(1040, 100)...)
	for _, p := range published {
		if p != 1000 {
			t.Fatalf("at the floor: %v", published)
		}
	}
}

// Limits that were changed hold from the next look on.
func TestOtherLimits(t *testing.T) {
	t.Parallel()
	narrow := Limits{Floor: asset.NewUnits(3000), Ceiling: asset.NewUnits(3500)}
	for _, before := range []uint64{1000, 10_000} {
		if _, published := looks(t, narrow, first(t, limits, before), before); published[0] < 3000 || published[0] > 3500 {
			t.Errorf("from %d: %v", before, published)
		}
	}
	if err := (Limits{Floor: asset.NewUnits(2), Ceiling: asset.NewUnits(1)}).Validate(); err == nil || !strings.Contains(err.Error(), "below the floor") {
		t.Errorf("a ceiling below the floor: %v", err)
	}
}

// Whatever the node says, the threshold is within the limits and has two digits or is a
// limit; a cost that stays is arrived at, and then nothing moves any more.
func TestLevelKeepsItsPromises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		floor := rapid.Uint64Range(0, 1_000_000).Draw(t, "floor")
		l := Limits{Floor: asset.NewUnits(floor), Ceiling: asset.NewUnits(floor + rapid.Uint64Range(0, 100_000_000).Draw(t, "room"))}
		level, err := l.First(asset.NewUnits(rapid.Uint64().Draw(t, "first")))
		if err != nil {
			t.Fatal(err)
		}
		check := func() {
			u := level.Threshold
			if u.Less(l.Floor) || l.Ceiling.Less(u) {
				t.Fatalf("%s is not within %s to %s", u, l.Floor, l.Ceiling)
			}
			if text := strings.TrimRight(u.String(), "0"); len(text) > digits && u != l.Floor && u != l.Ceiling {
				t.Fatalf("%s has more than %d digits", u, digits)
			}
		}
		check()
		for _, cost := range rapid.SliceOfN(rapid.Uint64(), 0, 30).Draw(t, "costs") {
			if level, err = l.Next(level, asset.NewUnits(cost)); err != nil {
				t.Fatal(err)
			}
			check()
		}
		steady := l.clamp(asset.NewUnits(rapid.Uint64().Draw(t, "steady")))
		for level.Cost != steady {
			before := new(big.Int).Sub(steady.Big(), level.Cost.Big())
			if level, err = l.Next(level, steady); err != nil {
				t.Fatal(err)
			}
			if after := new(big.Int).Sub(steady.Big(), level.Cost.Big()); after.CmpAbs(before) >= 0 || after.Sign()*before.Sign() < 0 {
				t.Fatalf("off by %s, then by %s", before, after)
			}
		}
		settled, err := l.Next(level, steady)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			again, err := l.Next(settled, steady)
			if err != nil || again != settled {
				t.Fatalf("it moves from %+v to %+v while nothing does (%v)", settled, again, err)
			}
		}
		wanted, err := round(steady)
		if err != nil {
			t.Fatal(err)
		}
		if wanted = l.clamp(wanted); beyond(settled.Threshold, wanted) {
			t.Fatalf("%s is further than an eighth off %s", settled.Threshold, wanted)
		}
	})
}
