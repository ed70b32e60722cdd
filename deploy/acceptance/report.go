package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"ferry/deploy/acceptance/mutation"
	"ferry/deploy/acceptance/scenario"
)

// table is what a run prints: a line for each scenario on each driver, as it comes, and
// the counts.
type table struct {
	out     io.Writer
	began   time.Time
	results []scenario.Result
}

// nameWidth is that of the longest names but a few.
const nameWidth = 92

func (t *table) line(r scenario.Result) {
	took := ""
	if r.Took > 100*time.Millisecond {
		took = " " + r.Took.Round(100*time.Millisecond).String()
	}
	fmt.Fprintf(t.out, "%-*s  %-9s  %s%s\n", nameWidth, r.Scenario.Feature+": "+r.Scenario.Name, r.Driver, r.Outcome, took)
	if r.Reason != "" {
		fmt.Fprintf(t.out, "    %s\n", strings.ReplaceAll(r.Reason, "\n", "\n    "))
	}
}

// close prints the counts.
func (t *table) close(all []scenario.Scenario) {
	counts, drivers := map[string]map[scenario.Outcome]int{}, []string{}
	pending := 0
	for _, s := range all {
		if s.Pending {
			pending++
		}
	}
	for _, r := range t.results {
		if counts[r.Driver] == nil {
			counts[r.Driver] = map[scenario.Outcome]int{}
			drivers = append(drivers, r.Driver)
		}
		counts[r.Driver][r.Outcome]++
	}
	fmt.Fprintf(t.out, "\n%d scenarios, %d of them pending: of what is not built yet\n", len(all), pending)
	for _, d := range drivers {
		fmt.Fprintf(t.out, "%-9s  %d passed, %d failed, %d skipped\n", d,
			counts[d][scenario.Passed], counts[d][scenario.Failed], counts[d][scenario.Skipped])
	}
	fmt.Fprintf(t.out, "%s in all\n", time.Since(t.began).Round(time.Second))
}

// verdict is an error unless no scenario failed and one at least passed.
func (t *table) verdict() error {
	passed, failed := 0, 0
	for _, r := range t.results {
		switch r.Outcome {
		case scenario.Passed:
			passed++
		case scenario.Failed:
			failed++
		case scenario.Skipped, scenario.Waiting:
		}
	}
	if failed > 0 || passed == 0 {
		return fmt.Errorf("%d scenarios failed, %d passed", failed, passed)
	}
	return nil
}

// found prints a row and what failed without it.
func found(out io.Writer, f mutation.Found) {
	outcome := "held"
	if !f.Good() {
		outcome = "NOT HELD"
	}
	fmt.Fprintf(out, "%-28s %-8s %s\n", f.Row.Name, outcome, f.Row.About)
	if f.Err != nil {
		fmt.Fprintf(out, "    %v\n", f.Err)
	}
	for _, name := range f.Failed {
		fmt.Fprintf(out, "    failed: %s\n", name)
	}
	for _, name := range f.Missed {
		fmt.Fprintf(out, "    PASSED WITHOUT ITS ROW: %s\n", name)
	}
}
