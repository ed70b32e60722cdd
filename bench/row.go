package main

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Row is one line of the table: a subject and what it is compared with.
type Row struct {
	// Number places the row in the table, Name selects it (-rows).
	Number int
	Name   string
	// What was measured, in a few words, with the concurrency.
	What string
	// Unit is what both sides count, per second: "transitions".
	Unit string
	// Goal is the least ratio of subject to baseline; 0 where there is none, and
	// the row only reports where it stands.
	Goal float64
	// ByCPU makes the ratio one of CPU time per operation instead of one of
	// operations per second: for what the processor alone limits.
	ByCPU bool
	// Slow rows are left out of a quick run unless they are named.
	Slow bool
	// Named rows run only when they are named.
	Named bool
	// Lasts, if not 0, is what the limit of a run has to leave the row beyond the others.
	Lasts time.Duration
	// Rounds, if not 0, replaces the number of rounds of a whole run.
	Rounds int
	// Prepare makes what the rounds need. Trial.Close undoes it.
	Prepare func(ctx context.Context, env *Env) (*Trial, error)
}

// Trial is a row ready to be run.
type Trial struct {
	// Baseline and Subject each run one round. Baseline may be nil.
	Baseline, Subject Side
	// Notes are lines to print under the table, asked for after the last round.
	Notes func() []string
	Close func() error
}

// Side is one of the two things compared.
type Side struct {
	Name string
	// Run does one round and returns how many operations it did and how long they
	// took. What it needs to prepare is done before its clock starts.
	Run func(ctx context.Context, round int) (Sample, error)
}

var rows []Row

// register adds a row; each row's file calls it in its init.
func register(r Row) {
	rows = append(rows, r)
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.Number, b.Number) })
}
