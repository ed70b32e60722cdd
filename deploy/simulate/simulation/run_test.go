package simulation_test

import (
	"reflect"
	"testing"

	"ferry/deploy/simulate/simulation"
)

// Two hundred seeds hold every invariant, each with enough facts to mean something.
func TestSeeds(t *testing.T) {
	t.Parallel()
	const lanes, each = 4, 50
	for lane := range uint64(lanes) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for seed := lane * each; seed < (lane+1)*each; seed++ {
				r := simulation.Run(t.Context(), seed, simulation.Options{})
				if r.Broken != "" {
					t.Errorf("make simulate SEED=%d plays it again; step %d: %s", seed, r.Steps, r.Broken)
				}
				if r.Facts < 50 {
					t.Errorf("seed %d has %d facts", seed, r.Facts)
				}
				_, _, unexpected := simulation.Compare(r.Pairs)
				for _, pair := range unexpected {
					t.Errorf("seed %d: %s is not declared", seed, pair)
				}
			}
		})
	}
}

// A seed plays the same each time, to the last line of its story.
func TestSeedIsRepeated(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{3, 5, 14} {
		a, b := simulation.Run(t.Context(), seed, simulation.Options{}), simulation.Run(t.Context(), seed, simulation.Options{})
		if !reflect.DeepEqual(a, b) {
			t.Errorf("seed %d played twice differs: %d and %d facts", seed, a.Facts, b.Facts)
		}
	}
}

// Each planted bug is found within so many seeds, counted from 0.
func TestPlantedBugsAreFound(t *testing.T) {
	t.Parallel()
	within := map[simulation.Bug]uint64{
		simulation.BugFirstOutput: 5, simulation.BugNewNonce: 40, simulation.BugOffsetFirst: 60,
		simulation.BugDustCounted: 10, simulation.BugLateDropped: 10,
	}
	for _, bug := range simulation.Bugs() {
		t.Run(string(bug), func(t *testing.T) {
			t.Parallel()
			for seed := range within[bug] {
				if r := simulation.Run(t.Context(), seed, simulation.Options{Bug: bug}); r.Broken != "" {
					t.Logf("found by seed %d: %s", seed, r.Broken)
					return
				}
			}
			t.Errorf("not found within %d seeds", within[bug])
		})
	}
}
