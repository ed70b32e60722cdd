package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPointsAreLiteralsOfCrash(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, body string
		want       []string
		wrong      bool
	}{
		{"two points", `crash.Point("a.b.before"); other.Point("c"); crash.Point("a.b.after")`, []string{"a.b.before", "a.b.after"}, false},
		{"none", `crash.Other("x")`, nil, false},
		{"no literal", `crash.Point(name)`, nil, true},
		{"a sum", `crash.Point("a" + "b")`, nil, true},
		{"empty", `crash.Point("")`, nil, true},
		{"in a closure", `func() { crash.Point("deep") }()`, []string{"deep"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "x.go")
			if err := os.WriteFile(path, []byte("package x\nfunc f() { "+test.body+" }\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := pointsOf(path)
			if (err != nil) != test.wrong {
				t.Fatalf("error %v", err)
			}
			if err == nil && !slices.Equal(got, test.want) {
				t.Errorf("found %q, not %q", got, test.want)
			}
		})
	}
}

func TestRoundsHoldEveryCaseOnceAndNoDaemonTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cases := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) aim {
			return aim{"s", rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "daemon"), rapid.StringMatching(`[a-z]{1,3}`).Draw(t, "point")}
		}), 0, 40, func(a aim) aim { return a }).Draw(t, "cases")
		var seen []aim
		for _, round := range rounds(cases) {
			daemons := map[string]bool{}
			if len(round) == 0 || len(round) > together {
				t.Fatalf("a round of %d", len(round))
			}
			for _, a := range round {
				if daemons[a.daemon] {
					t.Fatalf("%s is armed twice in %v", a.daemon, round)
				}
				daemons[a.daemon] = true
			}
			seen = append(seen, round...)
		}
		if len(seen) != len(cases) {
			t.Fatalf("%d cases became %d", len(cases), len(seen))
		}
		for _, a := range cases {
			if !slices.Contains(seen, a) {
				t.Fatalf("%v is lost", a)
			}
		}
	})
}

func TestChooseSweepsAgainOnlyWhatItIsToldTo(t *testing.T) {
	t.Parallel()
	covered := map[aim]bool{}
	passed := func(s string) []aim {
		return []aim{{s, "hotwalletd-bitcoin", "payment.plan.after"}, {s, "hotwalletd-bitcoin", "watch.see.after"}}
	}
	first := scenario{name: "1", whole: true}.choose(passed("1"), covered)
	again := scenario{name: "2", again: "payment."}.choose(passed("2"), covered)
	never := scenario{name: "3"}.choose(append(passed("3"), aim{"3", "swapd", "deadline.tell.after"}), covered)
	if len(first) != 2 || len(again) != 1 || again[0].point != "payment.plan.after" || len(never) != 1 || never[0].daemon != "swapd" {
		t.Errorf("chosen %v, %v, %v", first, again, never)
	}
}

func TestSpreadTakesCasesOfEveryDirection(t *testing.T) {
	t.Parallel()
	cases := map[string][]aim{}
	all := []scenario{{name: "1"}, {name: "2"}}
	for _, s := range all {
		for i := range 50 {
			cases[s.name] = append(cases[s.name], aim{s.name, "swapd", string(rune('A' + i))})
		}
	}
	chosen := spread(cases, all, 10)
	if len(chosen["1"]) != 5 || len(chosen["2"]) != 5 {
		t.Errorf("chosen %v", chosen)
	}
	if few := spread(cases, all, 1000); len(few["1"]) != 50 || len(few["2"]) != 50 {
		t.Errorf("of 100 cases %d and %d were taken", len(few["1"]), len(few["2"]))
	}
}

// What fails a sweep: a point nothing has died at, a failed round, a mistake that survived.
func TestVerdict(t *testing.T) {
	t.Parallel()
	s := scenario{name: "BTC→ETH"}
	both := []aim{{s.name, "hotwalletd-bitcoin", "watch.see.before"}, {s.name, "swapd", "relay.publish.after"}}
	points := map[string][]string{"hotwalletd": {"watch.see.before"}, "swapd": {"relay.publish.after"}}
	for _, test := range []struct {
		name   string
		sample bool
		play   func(r *report)
		want   string
	}{
		{"all died at", false, func(r *report) { r.add(s, both, nil, nil) }, ""},
		{"one is missing", false, func(r *report) { r.add(s, both, both[:1], nil) }, "never died at: hotwalletd watch.see.before"},
		{"a sample may miss one", true, func(r *report) { r.add(s, both, both[:1], nil) }, ""},
		{"nothing died", true, func(*report) {}, "no daemon has died"},
		{"a failed round", true, func(r *report) { r.add(s, both, nil, nil); r.add(s, both, nil, errLost) }, "LOST"},
		{"a failed round proves no point", false, func(r *report) { r.add(s, both, nil, errors.New("no")) }, "never died at"},
		{"a mistake survived", false, func(r *report) { r.add(s, both, nil, nil); r.survived = []string{"it survived"} }, "it survived"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := &report{points: points, died: map[aim]int{}}
			test.play(r)
			r.print(test.sample, time.Second)
			err := r.verdict(test.sample)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("the verdict is %v, not %q", err, test.want)
			}
		})
	}
}

func TestReportCountsLostAndPaidTwice(t *testing.T) {
	t.Parallel()
	r := &report{died: map[aim]int{}}
	r.fail("a", errors.Join(errors.New("more"), errLost))
	r.fail("b", errPaidTwice)
	r.fail("c", errors.New("slow"))
	if r.lost != 1 || r.twice != 1 || len(r.failed) != 3 {
		t.Errorf("lost %d, twice %d, failed %d", r.lost, r.twice, len(r.failed))
	}
}
