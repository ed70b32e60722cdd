package mutation_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ferry/deploy/acceptance/features"
	"ferry/deploy/acceptance/mutation"
	"ferry/deploy/acceptance/scenario"
)

// The table is true to the source: each row's text is in its file once, and each has a
// scenario; each scenario's row is in the table, or the scenario is pending.
func TestRows(t *testing.T) {
	t.Parallel()
	all, err := scenario.Load(features.Files)
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]bool{}
	var pending []string
	for _, s := range all {
		for _, row := range s.Rows {
			known := slices.ContainsFunc(mutation.Rows(), func(r mutation.Row) bool { return r.Name == row })
			switch {
			case s.Pending && !known:
				pending = append(pending, row)
			case !known:
				t.Errorf("%s is about row %s, which is not in the table", s.Name, row)
			case !s.Pending:
				held[row] = true
			}
		}
	}
	for _, row := range mutation.Rows() {
		for _, part := range append([]mutation.Row{row}, row.Also...) {
			if _, err := part.Mutant(filepath.Join("..", "..", "..")); err != nil {
				t.Error(err)
			}
		}
		if !held[row.Name] || row.About == "" {
			t.Errorf("row %s (%s) has no scenario or no sentence", row.Name, row.About)
		}
	}
	slices.Sort(pending)
	pending = slices.Compact(pending)
	t.Logf("%d rows; %d more wait for what is not built yet: %s", len(mutation.Rows()), len(pending), strings.Join(pending, ", "))
}
