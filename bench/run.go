package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
)

// Result is a row with what its rounds gave.
type Result struct {
	Row      string  `json:"row"`
	What     string  `json:"what"`
	Unit     string  `json:"unit"`
	Baseline string  `json:"baseline,omitempty"`
	Subject  string  `json:"subject"`
	Goal     float64 `json:"goal,omitempty"`
	ByCPU    bool    `json:"ratio_of_cpu_per_operation,omitempty"`
	Rounds   []Round `json:"rounds"`
	Ratio    Spread  `json:"ratio"`
	// CPURatio is the ratio by CPU time per operation, whichever Ratio is: on a
	// machine with other work it moves far less.
	CPURatio Spread   `json:"cpu_ratio"`
	Verdict  Verdict  `json:"verdict"`
	Notes    []string `json:"notes,omitempty"`
}

// Round is both sides, one after the other.
type Round struct {
	Baseline *Sample `json:"baseline,omitempty"`
	Subject  Sample  `json:"subject"`
	// Ratio of subject to baseline as the row has it, CPURatio by CPU time per
	// operation; 0 without a baseline.
	Ratio    float64 `json:"ratio,omitempty"`
	CPURatio float64 `json:"cpu_ratio,omitempty"`
}

// measure runs one row.
func measure(ctx context.Context, env *Env, row Row, progress io.Writer) (r Result, err error) {
	trial, err := row.Prepare(ctx, env)
	if err != nil {
		return r, fmt.Errorf("prepare %s: %w", row.Name, err)
	}
	if trial.Close != nil {
		defer func() { err = errors.Join(err, trial.Close()) }()
	}
	r = Result{Row: row.Name, What: row.What, Unit: row.Unit, Goal: row.Goal, ByCPU: row.ByCPU,
		Baseline: trial.Baseline.Name, Subject: trial.Subject.Name}
	for n := range env.rounds(row) {
		round, err := oneRound(ctx, row, trial, n)
		if err != nil {
			return r, fmt.Errorf("%s, round %d: %w", row.Name, n+1, err)
		}
		r.Rounds = append(r.Rounds, round)
		fmt.Fprintf(progress, "  %s, round %d: %s\n", row.Name, n+1, round.describe())
	}
	r.Ratio, r.CPURatio = spread(ratios(r.Rounds, func(r Round) float64 { return r.Ratio })), spread(ratios(r.Rounds, func(r Round) float64 { return r.CPURatio }))
	r.Verdict = judge(r)
	if trial.Notes != nil {
		r.Notes = trial.Notes()
	}
	return r, nil
}

// oneRound runs baseline, then subject, each after a collection of what the one
// before left.
func oneRound(ctx context.Context, row Row, trial *Trial, n int) (round Round, err error) {
	if trial.Baseline.Run != nil {
		runtime.GC()
		s, err := trial.Baseline.Run(ctx, n)
		if err != nil {
			return round, fmt.Errorf("%s: %w", trial.Baseline.Name, err)
		}
		round.Baseline = &s
	}
	runtime.GC()
	if round.Subject, err = trial.Subject.Run(ctx, n); err != nil {
		return round, fmt.Errorf("%s: %w", trial.Subject.Name, err)
	}
	if round.Baseline == nil {
		return round, nil
	}
	round.CPURatio = round.Baseline.CPUEach() / round.Subject.CPUEach()
	round.Ratio = round.Subject.Rate() / round.Baseline.Rate()
	if row.ByCPU {
		round.Ratio = round.CPURatio
	}
	return round, nil
}

func (r Round) describe() string {
	subject := fmt.Sprintf("%.0f/s, %.1f µs CPU each", r.Subject.Rate(), 1e6*r.Subject.CPUEach())
	if r.Baseline == nil {
		return subject
	}
	return fmt.Sprintf("%.2fx of %.0f/s, %.1f µs CPU each (%s)", r.Ratio, r.Baseline.Rate(), 1e6*r.Baseline.CPUEach(), subject)
}

func ratios(rounds []Round, which func(Round) float64) []float64 {
	var all []float64
	for _, r := range rounds {
		if r.Baseline != nil {
			all = append(all, which(r))
		}
	}
	return all
}
