package simulation_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"ferry/deploy/simulate/simulation"
)

func TestDev(t *testing.T) {
	first, _ := strconv.Atoi(os.Getenv("FIRST"))
	n, _ := strconv.Atoi(os.Getenv("N"))
	bad := map[string]int{}
	facts := 0
	for seed := first; seed < first+n; seed++ {
		r := simulation.Run(t.Context(), uint64(seed), simulation.Bug(os.Getenv("BUG")))
		facts += r.Facts
		if r.Broken != "" {
			bad[r.Broken[:min(len(r.Broken), 60)]]++
			t.Logf("seed %d step %d: %s", seed, r.Steps, r.Broken)
			if n == 1 {
				t.Log("\n" + strings.Join(r.Story, "\n"))
			}
		}
	}
	t.Log(len(bad), facts)
}
