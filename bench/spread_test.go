package main

import "testing"

func TestSpread(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		values []float64
		want   Spread
	}{
		"none":          {nil, Spread{}},
		"one":           {[]float64{2}, Spread{2, 2, 2}},
		"odd, shuffled": {[]float64{5, 1, 4, 2, 3}, Spread{2, 3, 4}},
		"between":       {[]float64{1, 2}, Spread{1.25, 1.5, 1.75}},
	} {
		if got := spread(row.values); got != row.want {
			t.Errorf("%s: %v, want %v", name, got, row.want)
		}
	}
}

// Only a band that lies wholly below the goal is a miss.
func TestJudge(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		result Result
		want   Verdict
	}{
		"no goal":           {Result{Ratio: Spread{0.1, 0.1, 0.1}}, Told},
		"reached":           {Result{Goal: 0.5, Ratio: Spread{0.5, 0.6, 0.7}}, OK},
		"the band touches":  {Result{Goal: 0.5, Ratio: Spread{0.3, 0.4, 0.5}}, OK},
		"wholly below":      {Result{Goal: 0.5, Ratio: Spread{0.3, 0.4, 0.49}}, Miss},
		"below, no spread":  {Result{Goal: 5, Ratio: Spread{4, 4, 4}}, Miss},
		"reached by chance": {Result{Goal: 5, Ratio: Spread{1, 2, 6}}, OK},
	} {
		if got := judge(row.result); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}
