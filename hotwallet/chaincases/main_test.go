package chaincases_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

var printCases = flag.Bool("cases", false, "print case, node and outcome, and fail if a case is neither played nor listed as not yet")

// notYet are the cases that can't be played on the nodes there are, with what
// they wait for.
var notYet = map[string]string{
	"F24": "needs Stellar", "F25": "needs Stellar", "F26": "needs Stellar", "F27": "needs Stellar",
	"F28": "needs Stellar", "F29": "needs Stellar", "F30": "needs Stellar",
}

// last is the number of the last case.
const last = 32

// played is a case on a node, and what came of it.
type played struct{ id, what, node, outcome string }

// report is filled by the tests and printed when all have ended.
var report struct {
	sync.Mutex
	rows []played
}

// plays says which case the test is and how it has to end. It is printed so if the
// test passes.
func plays(t *testing.T, node, id, what, outcome string) {
	t.Helper()
	t.Cleanup(func() {
		row := played{id, what, node, outcome}
		if t.Failed() {
			row.outcome = "FAILED: not as it should be, which is: " + outcome
		}
		report.Lock()
		defer report.Unlock()
		report.rows = append(report.rows, row)
	})
}

func (w *world) plays(id, what, outcome string) {
	w.Helper()
	plays(w.T, w.node.name(), id, what, outcome)
}

func TestMain(m *testing.M) {
	flag.Parse()
	status := m.Run()
	if *printCases && !printReport() && status == 0 {
		status = 1
	}
	os.Exit(status)
}

// printReport reports whether every case was played well or is listed.
func printReport() bool {
	seen, failed := map[string]bool{}, 0
	for _, r := range report.rows {
		seen[r.id] = true
		if strings.HasPrefix(r.outcome, "FAILED") {
			failed++
		}
	}
	rows, ran := report.rows, len(report.rows)
	missing := 0
	for n := 1; n <= last; n++ {
		id := fmt.Sprintf("F%d", n)
		switch why, listed := notYet[id]; {
		case listed:
			rows = append(rows, played{id: id, node: "-", outcome: "not yet: " + why})
		case !seen[id]:
			missing++
			rows = append(rows, played{id: id, node: "-", outcome: "MISSING: neither played nor listed"})
		}
	}
	slices.SortFunc(rows, func(a, b played) int {
		return cmp.Or(number(a.id)-number(b.id), strings.Compare(a.what, b.what), strings.Compare(a.node, b.node))
	})
	for _, r := range rows {
		fmt.Printf("%-4s %-9s %-52s %s\n", r.id, r.node, r.what, r.outcome)
	}
	fmt.Printf("%d of %d cases on real nodes in %d plays: %d as they should be, %d failed; %d not yet, %d missing\n",
		len(seen), last, ran, ran-failed, failed, len(notYet), missing)
	return failed == 0 && missing == 0
}

func number(id string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(id, "F"))
	if err != nil {
		panic("no case: " + id)
	}
	return n
}
