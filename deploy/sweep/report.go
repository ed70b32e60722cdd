package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// report collects what the sweep prints and is judged by. Both worlds add to it.
type report struct {
	mu sync.Mutex
	// points are those discovered in each program.
	points map[string][]string
	// died counts the deaths of rounds that ended as they should, shown those in
	// each cell.
	died   map[aim]int
	shown  map[cell]int
	missed []aim // at least once
	rounds int
	// failed are rounds that did not end as they should; lost, twice and hedged those with
	// money gone: that of a hedge which was traded twice.
	failed              []string
	lost, twice, hedged int
	swaps               int
	// orders counts those at venues that were compared with the book.
	orders int
	// states counts the states of swaps at deaths.
	states map[swap.State]int
	soak   string
	// broken builds have failed as they should, survived ones have not. They are left out
	// unless it is whole.
	broken, survived []string
	whole            bool
}

func newReport(points map[string][]string) *report {
	return &report{points: points, died: map[aim]int{}, shown: map[cell]int{}, states: map[swap.State]int{}, whole: true}
}

func (r *report) add(s scenario, round, missed []aim, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rounds++
	for _, a := range round {
		switch {
		case slices.Contains(missed, a):
			if !slices.Contains(r.missed, a) {
				r.missed = append(r.missed, a)
			}
		case err == nil:
			r.died[a]++
			for _, c := range s.cells(a) {
				r.shown[c]++
			}
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
	if errors.Is(err, errHedgedTwice) {
		r.hedged++
	}
}

func (r *report) soaked(seed uint64, swaps, kills int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.soak = fmt.Sprintf("soak with seed %d: %d swaps under %d random kills", seed, swaps, kills)
	if err != nil {
		r.fail("soak", err)
	}
}

// recheck asks the nodes once more about every swap of a world: a second payment
// may come late. And it asks the venues about every order.
func (r *report) recheck(ctx context.Context, w *world) {
	orders, err := w.evened(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range w.all() {
		r.swaps++
		if t.done == "" {
			continue // it expired, or its round has failed already
		}
		if err := w.received(ctx, t); err != nil {
			r.fail("asked again at the end", err)
		}
	}
	if r.orders += orders; err != nil {
		r.fail("asked the venues at the end", err)
	}
	for state, count := range w.states() {
		r.states[state] += count
	}
}

// cells are all that a whole sweep is about: each discovered point in each daemon
// of its program, in both directions.
func (r *report) cells() []cell {
	var all []cell
	for _, program := range slices.Sorted(maps.Keys(r.points)) {
		for _, daemon := range programs[program] {
			for _, point := range r.points[program] {
				for _, pair := range []asset.Pair{toEther, toCoins} {
					all = append(all, cell{daemon, point, pair})
				}
			}
		}
	}
	return all
}

// unreached are the cells in which a daemon can die and none has.
func (r *report) unreached() []cell {
	return slices.DeleteFunc(r.cells(), func(c cell) bool { return r.shown[c] > 0 || impossible(c) != "" })
}

// unreachedIn are those of a direction, while the sweep runs.
func (r *report) unreachedIn(pair asset.Pair) []cell {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(r.unreached(), func(c cell) bool { return c.pair != pair })
}

// neverDied lists the discovered points at which nothing has died, but could.
func (r *report) neverDied() []string {
	died := map[string]bool{}
	for c, count := range r.shown {
		died[programOf(c.daemon)+" "+c.point] = count > 0
	}
	possible := map[string]bool{}
	for _, c := range r.cells() {
		possible[programOf(c.daemon)+" "+c.point] = possible[programOf(c.daemon)+" "+c.point] || impossible(c) == ""
	}
	var list []string
	for _, program := range slices.Sorted(maps.Keys(r.points)) {
		for _, point := range r.points[program] {
			if name := program + " " + point; possible[name] && !died[name] {
				list = append(list, name)
			}
		}
	}
	return list
}

// verdict is an error unless everything is as it should be. A partial run need not
// reach every cell.
func (r *report) verdict(partial bool) error {
	var errs []error
	for _, f := range r.failed {
		errs = append(errs, errors.New(f))
	}
	if len(r.died) == 0 {
		errs = append(errs, errors.New("no daemon has died at all"))
	}
	for c, count := range r.shown {
		if why := impossible(c); why != "" && count > 0 {
			errs = append(errs, fmt.Errorf("%s was died at, and was taken for impossible: %s", c, why))
		}
	}
	if !partial {
		if list := r.neverDied(); len(list) > 0 {
			errs = append(errs, fmt.Errorf("points that were never died at: %s", strings.Join(list, ", ")))
		}
		if list := r.unreached(); len(list) > 0 {
			errs = append(errs, fmt.Errorf("deaths that were never met: %s", list))
		}
	}
	for _, s := range r.survived {
		errs = append(errs, errors.New(s))
	}
	if r.whole && len(r.broken) < len(mistakes())+len(slips()) && len(r.survived) == 0 {
		errs = append(errs, errors.New("the broken builds were not run"))
	}
	return errors.Join(errs...)
}

// print shows points × daemons × directions, and the closing lines.
func (r *report) print(partial bool, took time.Duration) {
	for _, line := range r.table(partial) {
		say("%s", line)
	}
	cases := 0
	for _, count := range r.died {
		cases += count
	}
	points := 0
	for _, names := range r.points {
		points += len(names)
	}
	all, cannot := r.cells(), 0
	for _, c := range all {
		if impossible(c) != "" {
			cannot++
		}
	}
	say("\npoints: %d discovered, %d died at", points, points-len(r.neverDied()))
	say("points × daemons × directions: %d, %d of them impossible; died at %d of the other %d",
		len(all), cannot, len(all)-cannot-len(r.unreached()), len(all)-cannot)
	say("states of the swaps at the deaths: %s", r.statesLine())
	say("%d deaths in %d rounds and %d swaps, in %s", cases, r.rounds, r.swaps, took.Round(time.Second))
	if unmet := slices.DeleteFunc(slices.Clone(r.missed), func(a aim) bool { return r.died[a] > 0 }); len(unmet) > 0 {
		say("cases not met again after the trace: %s", names(unmet))
	}
	if r.soak != "" {
		say("%s", r.soak)
	}
	say("%d orders at venues, compared with the book by their client ids", r.orders)
	say("lost: %d   paid twice: %d   hedged twice: %d   rounds failed: %d", r.lost, r.twice, r.hedged, len(r.failed))
	for _, line := range r.broken {
		say("%s", line)
	}
}
