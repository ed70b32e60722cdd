package main

import (
	"math"
	"slices"
)

// Spread is where the ratios of a row's rounds lie: the median, and the band that
// holds the middle half of them.
type Spread struct {
	Low    float64 `json:"p25"`
	Median float64 `json:"p50"`
	High   float64 `json:"p75"`
}

// spread sorts and interpolates between neighbours; zero without values.
func spread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	at := func(share float64) float64 {
		position := share * float64(len(sorted)-1)
		below := int(math.Floor(position))
		above := min(below+1, len(sorted)-1)
		return sorted[below] + (position-float64(below))*(sorted[above]-sorted[below])
	}
	return Spread{Low: at(0.25), Median: at(0.5), High: at(0.75)}
}

// Verdict is what a row comes to.
type Verdict string

// The verdicts.
const (
	// OK: the goal is reached, or the band still touches it.
	OK Verdict = "ok"
	// Miss: the band of the middle half lies wholly below the goal.
	Miss Verdict = "miss"
	// Told: there is no goal yet.
	Told Verdict = "-"
)

func judge(r Result) Verdict {
	switch {
	case r.Goal == 0:
		return Told
	case r.Ratio.High < r.Goal:
		return Miss
	}
	return OK
}
