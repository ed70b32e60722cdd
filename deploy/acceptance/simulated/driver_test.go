package simulated_test

import (
	"testing"

	"ferry/deploy/acceptance/features"
	"ferry/deploy/acceptance/scenario"
	"ferry/deploy/acceptance/simulated"
)

// Every scenario passes in this process, but for those that it can't play and those of
// what is not built yet.
func TestScenarios(t *testing.T) {
	t.Parallel()
	all, err := scenario.Load(features.Files)
	if err != nil {
		t.Fatal(err)
	}
	count := map[scenario.Outcome]int{}
	scenario.Run(t.Context(), simulated.Driver{}, all, func(r scenario.Result) {
		count[r.Outcome]++
		switch r.Outcome {
		case scenario.Failed:
			t.Errorf("%s: %s: %s", r.Scenario.Feature, r.Scenario.Name, r.Reason)
		case scenario.Skipped:
			t.Logf("SKIPPED: %s: %s", r.Scenario.Name, r.Reason)
		case scenario.Passed, scenario.Waiting:
		}
	})
	t.Logf("%d scenarios: %v", len(all), count)
}
