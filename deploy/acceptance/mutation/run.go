package mutation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"ferry/deploy/acceptance/scenario"
)

// Limits of one row: its build, and its scenarios.
const (
	buildLimit = 10 * time.Minute
	playLimit  = 5 * time.Minute
)

// played is the program that plays all scenarios and prints a Verdict for each.
const played = "./deploy/acceptance/simulated/play"

// Verdict is a scenario's outcome as the program prints it, a line each.
type Verdict struct {
	Scenario string           `json:"scenario"`
	Outcome  scenario.Outcome `json:"outcome"`
	Reason   string           `json:"reason,omitempty"`
}

// Found is what became of a row's removal.
type Found struct {
	Row Row
	// Failed are the scenarios that did not pass without it, Missed those that are about
	// it and did all the same.
	Failed, Missed []string
	// Err is why there is no verdict.
	Err error
}

// Good reports that the row's scenarios, one at least, failed without it.
func (f Found) Good() bool { return f.Err == nil && len(f.Failed) > 0 && len(f.Missed) == 0 }

// Run removes one row after another from the module at root and tells of each.
func Run(ctx context.Context, root string, rows []Row, all []scenario.Scenario, tell func(Found)) error {
	folder, err := os.MkdirTemp("", "ferry-mutation-")
	if err != nil {
		return fmt.Errorf("make a folder for mutants: %w", err)
	}
	var errs []error
	for _, row := range rows {
		if ctx.Err() != nil {
			break
		}
		f := remove(ctx, root, folder, row, all)
		if !f.Good() {
			errs = append(errs, fmt.Errorf("row %s is not held by its scenarios", row.Name))
		}
		tell(f)
	}
	return errors.Join(append(errs, ctx.Err(), os.RemoveAll(folder))...)
}

func remove(ctx context.Context, root, folder string, row Row, all []scenario.Scenario) Found {
	f := Found{Row: row}
	verdicts, err := without(ctx, root, folder, row)
	if err != nil {
		f.Err = err
		return f
	}
	for _, v := range verdicts {
		if v.Outcome == scenario.Failed {
			f.Failed = append(f.Failed, v.Scenario)
		}
	}
	for _, s := range all {
		if slices.Contains(s.Rows, row.Name) && !s.Pending && !slices.Contains(f.Failed, s.Name) {
			f.Missed = append(f.Missed, s.Name)
		}
	}
	return f
}

// without builds the program without a row and has it play.
func without(ctx context.Context, root, folder string, row Row) ([]Verdict, error) {
	overlay, err := row.overlay(root, folder)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(folder, "play")
	building, cancel := context.WithTimeout(ctx, buildLimit)
	defer cancel()
	build := exec.CommandContext(building, "go", "build", "-overlay", overlay, "-o", program, played)
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build without row %s: %w\n%s", row.Name, err, output)
	}
	playing, cancel := context.WithTimeout(ctx, playLimit)
	defer cancel()
	var problems bytes.Buffer
	play := exec.CommandContext(playing, program)
	play.Stderr = &problems
	output, err := play.Output()
	if err != nil {
		return nil, fmt.Errorf("play without row %s: %w\n%s", row.Name, err, problems.String())
	}
	return Read(bytes.NewReader(output))
}

// Read decodes verdicts, a line each.
func Read(from io.Reader) (all []Verdict, err error) {
	for lines := json.NewDecoder(from); ; {
		var v Verdict
		if err := lines.Decode(&v); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("read a verdict: %w", err)
		}
		all = append(all, v)
	}
}
