package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// report collects what the sweep prints and is judged by.
type report struct {
	points map[string][]string
	died   map[aim]int
	missed []aim // at least once
	rounds int
	// failed are rounds that did not end as they should; lost and twice those with money gone.
	failed      []string
	lost, twice int
	swaps       int
	soak        string
	broken      []string
	survived    []string
}

func (r *report) add(s scenario, round, missed []aim, err error) {
	r.rounds++
	for _, a := range round {
		switch {
		case slices.Contains(missed, a):
			if !slices.Contains(r.missed, a) {
				r.missed = append(r.missed, a)
			}
		case err == nil:
			r.died[a]++
		}
	}
	if err != nil {
		r.fail(s.name+" ("+names(round)+")", err)
	}
}

func (r *report) fail(what string, err error) {
	r.failed = append(r.failed, what+": "+err.Error())
	if errors.Is(err, errLost) {
		r.lost++
	}
	if errors.Is(err, errPaidTwice) {
		r.twice++
	}
}

func (r *report) soaked(swaps, kills int, err error) {
	r.soak = fmt.Sprintf("%d swaps under %d random kills", swaps, kills)
	if err != nil {
		r.fail("soak", err)
	}
}

// recheck asks the nodes once more about every swap of the sweep: a second
// payment may come late.
func (r *report) recheck(ctx context.Context, w *world) {
	for _, t := range w.all() {
		r.swaps++
		if t.done == "" {
			continue // it expired, or its round has failed already
		}
		if err := w.received(ctx, t); err != nil {
			r.fail("asked again at the end", err)
		}
	}
}

// reached tells whether any daemon of a program has died at a point.
func (r *report) reached(program, point string) bool {
	for a, count := range r.died {
		if count > 0 && a.point == point && programOf(a.daemon) == program {
			return true
		}
	}
	return false
}

// unreached lists the discovered points at which nothing has died.
func (r *report) unreached() []string {
	var list []string
	for _, program := range slices.Sorted(maps.Keys(r.points)) {
		for _, point := range r.points[program] {
			if !r.reached(program, point) {
				list = append(list, program+" "+point)
			}
		}
	}
	return list
}

// print shows points × scenarios: how often a daemon has died there.
func (r *report) print(sample bool, took time.Duration) {
	var columns []string
	for _, s := range scenarios() {
		if slices.ContainsFunc(slices.Collect(maps.Keys(r.died)), func(a aim) bool { return a.scenario == s.name }) {
			columns = append(columns, s.name)
		}
	}
	say("\nDeaths at each point (rows) in each scenario (columns):")
	for i, name := range columns {
		say("  %2d  %s", i+1, name)
	}
	head := fmt.Sprintf("\n  %-12s%-26s", "program", "point")
	for i := range columns {
		head += fmt.Sprintf("%4d", i+1)
	}
	say("%s", head)
	total, hit := 0, 0
	for _, program := range slices.Sorted(maps.Keys(r.points)) {
		for _, point := range r.points[program] {
			total++
			if r.reached(program, point) {
				hit++
			} else if sample {
				continue
			}
			say("%s", r.row(program, point, columns))
		}
	}
	cases := 0
	for _, count := range r.died {
		cases += count
	}
	say("\n%d points discovered, %d died at; %d deaths in %d rounds and %d swaps, in %s", total, hit, cases, r.rounds, r.swaps, took.Round(time.Second))
	if r.soak != "" {
		say("soak: %s", r.soak)
	}
	var unmet []string
	for _, a := range r.missed {
		if r.died[a] == 0 {
			unmet = append(unmet, a.scenario+": "+a.daemon+" "+a.point)
		}
	}
	if len(unmet) > 0 {
		say("%d cases were not met again after the trace: %s", len(unmet), strings.Join(unmet, "; "))
	}
	say("lost: %d   paid twice: %d   rounds failed: %d", r.lost, r.twice, len(r.failed))
	for _, line := range r.broken {
		say("%s", line)
	}
}

func (r *report) row(program, point string, columns []string) string {
	line := fmt.Sprintf("  %-12s%-26s", program, point)
	for _, column := range columns {
		count := 0
		for a, n := range r.died {
			if a.scenario == column && a.point == point && programOf(a.daemon) == program {
				count += n
			}
		}
		if count == 0 {
			line += "   ·"
			continue
		}
		line += fmt.Sprintf("%4d", count)
	}
	return strings.TrimRight(line, " ")
}

// verdict is an error unless everything is as it should be. A sample need not
// reach every point.
func (r *report) verdict(sample bool) error {
	var errs []error
	for _, f := range r.failed {
		errs = append(errs, errors.New(f))
	}
	if len(r.died) == 0 {
		errs = append(errs, errors.New("no daemon has died at all"))
	}
	if list := r.unreached(); len(list) > 0 && !sample {
		errs = append(errs, fmt.Errorf("points that were never died at: %s", strings.Join(list, ", ")))
	}
	for _, s := range r.survived {
		errs = append(errs, errors.New(s))
	}
	return errors.Join(errs...)
}
