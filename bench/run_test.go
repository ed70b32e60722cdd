package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMain lets the test binary stand in for the broker, as the program does.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == kafkaCommand {
		exit(runKafka(context.Background(), os.Args[2:]))
	}
	os.Exit(m.Run())
}

// Every row runs, briefly, on parts of its own; the report holds what was printed,
// and nothing stays behind. No time is asserted.
func TestQuickRun(t *testing.T) {
	t.Parallel()
	root, err := os.MkdirTemp("", "ferry-bench-") // t.TempDir's names are too long for PostgreSQL's socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) }) // best effort, in the system's temporary folder
	out := filepath.Join(root, "out")
	var table, progress bytes.Buffer
	misses, err := run(t.Context(), []string{"-root", filepath.Join(root, "parts"), "-out", out}, "quick", &table, &progress)
	if err != nil || misses != 0 {
		t.Fatalf("%d misses, %v\n%s", misses, err, progress.String())
	}
	reports, err := filepath.Glob(filepath.Join(out, "*Z.json"))
	if err != nil || len(reports) != 1 {
		t.Fatalf("reports %v, %v", reports, err)
	}
	raw, err := os.ReadFile(reports[0])
	if err != nil {
		t.Fatal(err)
	}
	var report Report
	if err := json.Unmarshal(raw, &report); err != nil {
		t.Fatal(err)
	}
	if quick, err := choose("", true); err != nil || len(report.Rows) != len(quick) || !report.Quick || report.Postgres == "" {
		t.Fatalf("report %+v", report)
	}
	for _, r := range report.Rows {
		if !strings.Contains(table.String(), "\n"+r.Row+" ") {
			t.Errorf("row %s is not in the table:\n%s", r.Row, table.String())
		}
		if len(r.Rounds) != 1 || r.Rounds[0].Subject.Rate() <= 0 || r.Rounds[0].Subject.CPU <= 0 || (r.Baseline != "" && r.Ratio.Median <= 0) {
			t.Errorf("row %s: %+v", r.Row, r)
		}
		if r.Row == "swaps" && len(r.Notes) != 5 {
			t.Errorf("notes of %s: %q", r.Row, r.Notes)
		}
	}
	left, err := os.ReadDir(filepath.Join(root, "parts"))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range left {
		if l.Name() == "kafka" || l.Name() == "files" {
			t.Errorf("%s was left behind", l.Name())
		}
	}
}

// A round of A and one of B, in turn; ratios of rates or of CPU.
func TestMeasure(t *testing.T) {
	t.Parallel()
	var order strings.Builder
	side := func(name string, s Sample) Side {
		return Side{Name: name, Run: func(context.Context, int) (Sample, error) { order.WriteString(name); return s, nil }}
	}
	row := Row{Name: "x", Goal: 0.5, Prepare: func(context.Context, *Env) (*Trial, error) {
		return &Trial{Baseline: side("A", Sample{Operations: 100, Seconds: 1, CPU: 1}), Subject: side("B", Sample{Operations: 200, Seconds: 4, CPU: 1})}, nil
	}}
	r, err := measure(t.Context(), &Env{}, row, io.Discard)
	if err != nil || r.Ratio.Median != 0.5 || r.Verdict != OK || order.String() != strings.Repeat("AB", wholeRounds) {
		t.Fatalf("%+v, %v after %s", r.Ratio, err, order.String())
	}
	row.ByCPU, row.Goal = true, 2.5
	if r, err = measure(t.Context(), &Env{}, row, io.Discard); err != nil || r.Ratio.Median != 2 || r.Verdict != Miss {
		t.Fatalf("by CPU: %+v %s, %v", r.Ratio, r.Verdict, err)
	}
}

func TestMeasureFails(t *testing.T) {
	t.Parallel()
	broken, closed := errors.New("broken"), errors.New("close failed")
	row := Row{Name: "x", Prepare: func(context.Context, *Env) (*Trial, error) {
		return &Trial{Subject: Side{Run: func(context.Context, int) (Sample, error) { return Sample{}, broken }}, Close: func() error { return closed }}, nil
	}}
	if _, err := measure(t.Context(), &Env{}, row, io.Discard); !errors.Is(err, broken) || !errors.Is(err, closed) {
		t.Errorf("got %v", err)
	}
	if _, err := (&Env{}).timed(t.Context(), 0, func(context.Context) error { return nil }); err == nil {
		t.Error("a round without operations was measured")
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	all, err := choose("", false)
	named := func(r Row) bool { return r.Named }
	if err != nil || len(all) == 0 || slices.ContainsFunc(all, named) || len(all) != len(slices.DeleteFunc(slices.Clone(rows), named)) {
		t.Errorf("%d rows, %v", len(all), err)
	}
	if some, err := choose("relay,batch,live", true); err != nil || len(some) != 3 || some[0].Name != "relay" {
		t.Errorf("%+v, %v", some, err)
	}
	if _, err := choose("batch,nothing", false); err == nil || !strings.Contains(err.Error(), `"nothing"`) {
		t.Errorf("an unknown row: %v", err)
	}
}

// What rows are made of: a swap's whole life, by hand the same rows as by Apply.
func TestLife(t *testing.T) {
	t.Parallel()
	batches, err := groupOfLives()
	if err != nil || len(batches) != lifeLength || len(batches[0]) != batchSize {
		t.Fatalf("%d batches, %v", len(batches), err)
	}
	for _, folded := range batches {
		if w, err := encode(folded); err != nil || w.events.rows != batchSize || w.created.rows+w.updated.rows != batchSize {
			t.Errorf("%d events, %d and %d swaps, %v", w.events.rows, w.created.rows, w.updated.rows, err)
		}
	}
}
