package simulation_test

import (
	"reflect"
	"testing"

	"ferry/deploy/simulate/simulation"
	"ferry/statemachine"
	"ferry/swap"
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
		simulation.BugAddressDropped: 10, simulation.BugDeadlineLost: 5,
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

// A desk that signs prices beyond the tolerance gets nobody paid by them: the state
// machine parks such a price, and the deposit is refunded when its time is over.
func TestDeskThatLies(t *testing.T) {
	t.Parallel()
	refused := 0
	for seed := range uint64(20) {
		r := simulation.Run(t.Context(), seed, simulation.Options{Bug: simulation.LyingDesk})
		if r.Broken != "" {
			t.Errorf("seed %d, step %d: %s", seed, r.Steps, r.Broken)
		}
		refused += r.Pairs[simulation.Pair{State: swap.DepositConfirmed, Fact: swap.FactRequoted, Outcome: statemachine.Parked}]
	}
	if refused == 0 {
		t.Error("no price was refused")
	}
}
