package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A broken build has to fail, and for its own mistake: a sweep whose broken builds
// survive, or fall over something else, fails itself.
func TestBrokenBuildsMustFailForTheirMistake(t *testing.T) {
	t.Parallel()
	for _, m := range mistakes() {
		t.Run(m.tag, func(t *testing.T) {
			t.Parallel()
			other := errLost
			if errors.Is(m.finds, errLost) {
				other = errPaidTwice
			}
			for _, test := range []struct {
				name  string
				found error
				want  string
			}{
				{"found", fmt.Errorf("%w: swap_1", m.finds), ""},
				{"survived", nil, m.tag + " survived"},
				{"the other one's mistake", other, m.tag + " failed, but not for its mistake"},
				{"a slow machine", errors.New("did not come about within 2m0s"), m.tag + " failed, but not for its mistake"},
			} {
				r, s, every := found()
				r.add(s, every, nil, nil)
				r.broken = slices.DeleteFunc(r.broken, func(line string) bool { return strings.HasPrefix(line, m.tag) })
				r.judge(m, test.found)
				err := r.verdict(true)
				if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("%s: the verdict is %v, not %q", test.name, err, test.want)
				}
				if test.want == "" && !strings.HasPrefix(r.broken[len(r.broken)-1], m.tag+" ("+m.says+") FAILED, as it should") {
					t.Errorf("the closing lines are %q", r.broken)
				}
			}
		})
	}
}

// Each mistake's tag must switch something in the program that is built with it;
// otherwise a good build would run under a broken one's name.
func TestMistakesAreInTheBuildsOfTheirTags(t *testing.T) {
	t.Parallel()
	for _, m := range mistakes() {
		t.Run(m.tag, func(t *testing.T) {
			t.Parallel()
			good, err := sources(t.Context(), m.program, pointTag)
			if err != nil {
				t.Fatal(err)
			}
			bad, err := sources(t.Context(), m.program, pointTag+","+m.tag)
			if err != nil {
				t.Fatal(err)
			}
			if slices.Equal(good, bad) {
				t.Errorf("%s is built from the same files with %s as without", m.program, m.tag)
			}
		})
	}
}

// Every scenario has a name of its own, which deaths are counted under, and a direction.
func TestScenariosHaveNamesAndDirections(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range scenarios() {
		if s.name == "" || seen[s.name] || len(s.pairs) == 0 || s.run == nil {
			t.Errorf("scenario %+v", s)
		}
		seen[s.name] = true
	}
}

// A test of payments that passes with a broken engine, or fails over something else, fails
// the sweep.
func TestSlipsMustBeFound(t *testing.T) {
	t.Parallel()
	for want, first := range map[string]error{"": errSlipped, "payments with " + slips()[0].tag + " survived": nil,
		"but not for its mistake": errors.New("the build failed")} {
		r, s, every := found()
		r.add(s, every, nil, nil)
		r.broken = slices.DeleteFunc(r.broken, func(line string) bool { return strings.HasPrefix(line, "payments with ") })
		all := slices.Repeat([]error{errSlipped}, len(slips()))
		all[0] = first
		r.judgeSlips(all)
		if err := r.verdict(true); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("the verdict is %v, not %q", err, want)
		}
	}
}
