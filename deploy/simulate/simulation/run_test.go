package simulation_test

import (
	"testing"

	"ferry/deploy/simulate/simulation"
)

func TestSeeds(t *testing.T) {
	t.Parallel()
	facts := 0
	for seed := range uint64(200) {
		r := simulation.Run(t.Context(), seed, simulation.BugNone)
		facts += r.Facts
		if r.Broken != "" {
			t.Fatalf("seed %d, step %d: %s", seed, r.Steps, r.Broken)
		}
	}
	t.Log(facts)
}
