package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// hitLimit is how long after a scenario a point of a daemon's routine may take.
const hitLimit = 15 * time.Second

// trace runs every scenario once, undisturbed, and makes the cases: which daemon
// passes which point in it.
func (w *world) trace(ctx context.Context, all []scenario) (map[string][]aim, error) {
	cases := map[string][]aim{}
	covered := map[cell]bool{}
	for _, s := range all {
		if s.last {
			continue // traced where it is run, at the end
		}
		began := time.Now()
		passed, err := w.follow(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("%s, undisturbed: %w", s.name, err)
		}
		cases[s.name] = s.choose(passed, covered)
		w.passes[s.name] = map[aim]bool{}
		for _, a := range passed {
			w.passes[s.name][a] = true
		}
		w.say("  %-32s passes %3d points, %3d of them to die at (%s)", s.name, len(passed), len(cases[s.name]), since(began))
	}
	return cases, nil
}

// since is a step's time as the sweep prints it.
func since(began time.Time) time.Duration { return time.Since(began).Round(100 * time.Millisecond) }

// follow runs a scenario and returns what each daemon passed, in that order.
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
			points, err := w.arms.way(daemon)
			if err != nil {
				return nil, err
			}
			for _, point := range points {
				passed = append(passed, aim{s.name, daemon, point})
			}
		}
	}
	slices.SortStableFunc(passed, func(a, b aim) int { return strings.Compare(a.daemon, b.daemon) })
	return passed, nil
}

// round runs a scenario with daemons armed. It returns the cases whose daemon did
// not die; what else is wrong is the error.
func (w *world) round(ctx context.Context, s scenario, cases []aim) (missed []aim, err error) {
	before := map[aim]int{}
	w.turn()
	for _, a := range cases {
		if before[a], err = w.arms.died(a.daemon, a.point); err != nil {
			return nil, err
		}
	}
	if err := w.begun(s, cases); err != nil {
		return nil, errors.Join(err, w.standDown(cases))
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
