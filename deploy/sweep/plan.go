package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// aim is one death: of a daemon, at a point, in a scenario.
type aim struct {
	scenario, daemon, point string
}

// trace runs every scenario once, undisturbed, and makes the cases: which daemon
// passes which point in it.
func (w *world) trace(ctx context.Context, all []scenario) (map[string][]aim, error) {
	cases := map[string][]aim{}
	covered := map[aim]bool{}
	for _, s := range all {
		if s.last {
			continue // traced where it is run, at the end
		}
		passed, err := w.follow(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("%s, undisturbed: %w", s.name, err)
		}
		cases[s.name] = s.choose(passed, covered)
		w.say("  %-26s passes %3d points, %3d of them to die at", s.name, len(passed), len(cases[s.name]))
	}
	return cases, nil
}

// follow runs a scenario and returns what each daemon passed.
func (w *world) follow(ctx context.Context, s scenario) ([]aim, error) {
	if err := w.arms.forget(); err != nil {
		return nil, err
	}
	if err := s.run(ctx, w); err != nil {
		return nil, err
	}
	if !s.last {
		if err := w.rest(ctx); err != nil {
			return nil, err
		}
	}
	var passed []aim
	for _, daemons := range programs {
		for _, daemon := range daemons {
			points, err := w.arms.passed(daemon)
			if err != nil {
				return nil, err
			}
			for _, point := range slices.Sorted(maps.Keys(points)) {
				passed = append(passed, aim{s.name, daemon, point})
			}
		}
	}
	slices.SortFunc(passed, func(a, b aim) int { return strings.Compare(a.daemon+a.point, b.daemon+b.point) })
	return passed, nil
}

// choose picks the points at which a scenario is swept.
func (s scenario) choose(passed []aim, covered map[aim]bool) []aim {
	var chosen []aim
	for _, a := range passed {
		key := aim{daemon: a.daemon, point: a.point}
		if s.whole || !covered[key] || s.again != "" && strings.HasPrefix(a.point, s.again) {
			chosen = append(chosen, a)
		}
		covered[key] = true
	}
	return chosen
}

// together is how many daemons die in one round, each at a point of its own.
const together = 4

// rounds groups a scenario's cases so that no daemon is armed twice in a round.
// The daemons with most cases left go first, so that few rounds are left with one.
func rounds(cases []aim) [][]aim {
	left := map[string][]aim{}
	for _, a := range cases {
		left[a.daemon] = append(left[a.daemon], a)
	}
	var all [][]aim
	for len(left) > 0 {
		daemons := slices.SortedFunc(maps.Keys(left), func(a, b string) int {
			return cmp.Or(cmp.Compare(len(left[b]), len(left[a])), cmp.Compare(a, b))
		})
		var round []aim
		for _, daemon := range daemons[:min(together, len(daemons))] {
			round = append(round, left[daemon][0])
			if left[daemon] = left[daemon][1:]; len(left[daemon]) == 0 {
				delete(left, daemon)
			}
		}
		all = append(all, round)
	}
	return all
}

// round runs a scenario with daemons armed. It returns the cases whose daemon did
// not die; what else is wrong is the error.
func (w *world) round(ctx context.Context, s scenario, cases []aim) (missed []aim, err error) {
	before := map[aim]int{}
	for _, a := range cases {
		if before[a], err = w.arms.died(a.daemon, a.point); err != nil {
			return nil, err
		}
		if err := w.arm(a.daemon, a.point); err != nil {
			return nil, err
		}
	}
	if err := s.run(ctx, w); err != nil {
		return nil, errors.Join(err, w.standDown(cases))
	}
	if missed, err = w.missed(ctx, cases, before); err != nil {
		return nil, err
	}
	if err := w.standDown(missed); err != nil {
		return nil, err
	}
	w.coming.Wait()
	if s.last {
		return missed, w.trouble()
	}
	return missed, errors.Join(w.trouble(), w.rest(ctx))
}

// missed waits a little for points that daemons pass in their own time.
func (w *world) missed(ctx context.Context, cases []aim, before map[aim]int) (missed []aim, err error) {
	err = until(ctx, hitLimit, "all deaths", func() (bool, string, error) {
		missed = nil
		for _, a := range cases {
			now, err := w.arms.died(a.daemon, a.point)
			if err != nil {
				return false, "", err
			}
			if now == before[a] {
				missed = append(missed, a)
			}
		}
		return len(missed) == 0, "", nil
	})
	if len(missed) > 0 {
		return missed, nil
	}
	return nil, err
}

func (w *world) standDown(cases []aim) error {
	var errs []error
	for _, a := range cases {
		errs = append(errs, w.disarm(a.daemon))
	}
	return errors.Join(errs...)
}
