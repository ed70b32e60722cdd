package fee

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/hotwallet/chain"
)

var (
	noon   = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	limits = Limits{Ceiling: 200_000, Fallback: 5000, Factor: 3}
)

func reading(source string, rate chain.Rate, age time.Duration) Reading {
	return Reading{Source: source, Rate: rate, At: noon.Add(-age), MaxAge: 10 * time.Minute}
}

func TestCombine(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		readings []Reading
		floor    chain.Rate
		want     chain.Rate
		from     string
		alarm    string
	}{
		"nobody":                 {nil, 1000, 5000, "", "fallback"},
		"one":                    {[]Reading{reading("node", 7000, 0)}, 1000, 7000, "node", ""},
		"two agree":              {[]Reading{reading("node", 7000, 0), reading("blocks", 9000, 0)}, 0, 9000, "blocks node", ""},
		"two within the factor":  {[]Reading{reading("node", 3000, 0), reading("blocks", 9000, 0)}, 0, 9000, "blocks node", ""},
		"one lies high":          {[]Reading{reading("node", 3000, 0), reading("blocks", 90_000, 0)}, 0, 9000, "blocks node", "factor of 3"},
		"one of three lies high": {[]Reading{reading("node", 3000, 0), reading("blocks", 4000, 0), reading("web", 190_000, 0)}, 0, 12_000, "blocks node web", "factor of 3"},
		"one of three lies low":  {[]Reading{reading("node", 1, 0), reading("blocks", 4000, 0), reading("web", 5000, 0)}, 0, 5000, "blocks node web", "factor of 3"},
		"the old does not count": {[]Reading{reading("node", 3000, 0), reading("web", 9000, 11*time.Minute)}, 0, 3000, "node", ""},
		"just not old":           {[]Reading{reading("web", 9000, 10*time.Minute)}, 0, 9000, "web", ""},
		"from the future":        {[]Reading{reading("web", 9000, -time.Second)}, 0, 5000, "", "fallback"},
		"nothing is no rate":     {[]Reading{reading("web", 0, 0)}, 0, 5000, "", "fallback"},
		"the floor":              {[]Reading{reading("node", 500, 0)}, 1000, 1000, "node", ""},
		"the ceiling":            {[]Reading{reading("node", 900_000, 0)}, 1000, 200_000, "node", ""},
		"a floor too high":       {[]Reading{reading("node", 900, 0)}, 200_001, 200_000, "node", "no payment can be made"},
		"no overflow":            {[]Reading{reading("node", ^chain.Rate(0), 0), reading("web", ^chain.Rate(0)-1, 0)}, 0, 200_000, "node web", ""},
	} {
		got := Combine(row.readings, row.floor, limits, noon)
		if got.Rate != row.want || strings.Join(got.From, " ") != row.from || (got.Alarm == "") != (row.alarm == "") || !strings.Contains(got.Alarm, row.alarm) {
			t.Errorf("%s: %+v, want %d of %q with alarm %q", name, got, row.want, row.from, row.alarm)
		}
	}
}

// TestCombineProperties: whatever sources say, one source can't move the offer beyond the
// factor of what the others say, and it is within its limits.
func TestCombineProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.OneOf(rapid.Uint64Range(1, 500_000), rapid.Uint64())
		var readings []Reading
		for _, name := range []string{"blocks", "node", "web"}[:rapid.IntRange(0, 3).Draw(t, "sources")] {
			readings = append(readings, reading(name, chain.Rate(rate.Draw(t, name)), time.Duration(rapid.Int64Range(-1, 12).Draw(t, "age "+name))*time.Minute))
		}
		floor := chain.Rate(rapid.Uint64Range(0, 300_000).Draw(t, "floor"))
		e := Combine(readings, floor, limits, noon)
		if e.Rate == 0 || e.Rate > limits.Ceiling || e.Rate < min(floor, limits.Ceiling) {
			t.Fatalf("%+v with a floor of %d", e, floor)
		}
		shuffled := slices.Clone(readings)
		slices.Reverse(shuffled)
		if again := Combine(shuffled, floor, limits, noon); again.Rate != e.Rate || again.Alarm != e.Alarm {
			t.Fatalf("the order matters: %+v and %+v", e, again)
		}
		if len(e.From) < 2 {
			return
		}
		for i := range readings {
			if !readings[i].fresh(noon) {
				continue
			}
			honest := slices.Delete(slices.Clone(readings), i, i+1)
			var most chain.Rate
			for _, r := range honest {
				if r.fresh(noon) {
					most = max(most, r.Rate)
				}
			}
			if e.Rate > max(times(most, limits.Factor), floor) {
				t.Fatalf("%s alone moves it to %d, the others say at most %d", readings[i].Source, e.Rate, most)
			}
		}
	})
}
