package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what a run leaves in bench/out.
type Report struct {
	At    time.Time `json:"at"`
	Quick bool      `json:"quick,omitempty"`
	// CPUs is how many the machine has, Go and Postgres what ran.
	CPUs     int      `json:"cpus"`
	Go       string   `json:"go"`
	Postgres string   `json:"postgres"`
	Rows     []Result `json:"rows"`
}

func newReport(env *Env) Report {
	return Report{At: time.Now().UTC().Truncate(time.Second), Quick: env.Quick, CPUs: runtime.NumCPU(), Go: runtime.Version(),
		Postgres: env.version}
}

// print writes the table for people, and the notes below it.
func (r Report) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var b strings.Builder
	b.WriteString("row\twhat\tbaseline\tsubject\tratio (25-75 %)\tby CPU\tgoal\t\n")
	for _, row := range r.Rows {
		baseline, ratio, cpu, goal := "-", "-", "-", "-"
		if row.Baseline != "" {
			baseline = row.Baseline + ": " + figure(row, func(r Round) Sample { return *r.Baseline })
			ratio = fmt.Sprintf("%.2f (%.2f-%.2f)", row.Ratio.Median, row.Ratio.Low, row.Ratio.High)
			cpu = fmt.Sprintf("%.2f", row.CPURatio.Median)
		}
		if row.Goal != 0 {
			goal = fmt.Sprintf("≥ %.1f", row.Goal)
		}
		subject := row.Subject + ": " + figure(row, func(r Round) Sample { return r.Subject })
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Row, row.What, baseline, subject, ratio, cpu, goal, row.Verdict)
	}
	if _, err := io.WriteString(t, b.String()); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	for _, row := range r.Rows {
		for _, note := range row.Notes {
			if _, err := fmt.Fprintf(w, "%s: %s\n", row.Row, note); err != nil {
				return fmt.Errorf("print the notes: %w", err)
			}
		}
	}
	return nil
}

// figure is the median of one side: a rate, or what the ratio compares.
func figure(row Result, side func(Round) Sample) string {
	var rates, cpu []float64
	for _, r := range row.Rounds {
		rates, cpu = append(rates, side(r).Rate()), append(cpu, 1e6*side(r).CPUEach())
	}
	if row.ByCPU {
		return fmt.Sprintf("%.2f µs CPU per %s (%.0f/s)", spread(cpu).Median, strings.TrimSuffix(row.Unit, "s"), spread(rates).Median)
	}
	return fmt.Sprintf("%.0f %s/s", spread(rates).Median, row.Unit)
}

// save writes the report beside those of other runs and returns its path.
func (r Report) save(dir string) (string, error) {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return "", fmt.Errorf("encode the report: %w", err)
	}
	path := filepath.Join(dir, r.At.Format("2006-01-02T150405Z")+".json")
	if err := os.WriteFile(path, append(raw, '\n'), 0o644); err != nil {
		return "", fmt.Errorf("write the report: %w", err)
	}
	return path, nil
}

// misses counts the rows that miss their goals.
func (r Report) misses() int {
	n := 0
	for _, row := range r.Rows {
		if row.Verdict == Miss {
			n++
		}
	}
	return n
}
