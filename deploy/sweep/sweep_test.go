package main

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/swap/asset"
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

func TestRoundsHoldEveryCaseOnceAndNoDaemonTooOften(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cases := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) aim {
			return aim{"s", rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "daemon"), rapid.StringMatching(`[a-z]{1,3}`).Draw(t, "point")}
		}), 0, 40, func(a aim) aim { return a }).Draw(t, "cases")
		var seen []aim
		deaths := rapid.IntRange(1, 4).Draw(t, "deaths")
		last := map[string]int{}
		for _, round := range rounds(cases, deaths) {
			daemons := map[string]int{}
			for _, a := range round {
				at := slices.Index(cases, a)
				if before, seen := last[a.daemon]; seen && at < before {
					t.Fatalf("%s dies at %s out of its turn", a.daemon, a.point)
				}
				last[a.daemon] = at
				if daemons[a.daemon]++; daemons[a.daemon] > deaths {
					t.Fatalf("%s dies more than %d times in %v", a.daemon, deaths, round)
				}
			}
			if len(daemons) == 0 || len(daemons) > together {
				t.Fatalf("a round of %d daemons", len(daemons))
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

// A scenario is swept at what is new in its direction, and only there.
func TestChooseTakesEachCellOnce(t *testing.T) {
	t.Parallel()
	forth, back := []asset.Pair{toEther}, []asset.Pair{toCoins}
	covered := map[cell]bool{}
	passed := func(s, daemon string, points ...string) (all []aim) {
		for _, point := range points {
			all = append(all, aim{s, daemon, point})
		}
		return all
	}
	for _, step := range []struct {
		s      scenario
		passed []aim
		want   int
	}{
		{scenario{name: "1", pairs: forth}, passed("1", "hotwalletd-bitcoin", "watch.see.after", "payment.plan.after"), 2},
		{scenario{name: "2", pairs: forth}, passed("2", "hotwalletd-bitcoin", "watch.see.after", "payment.reason.after"), 1},
		{scenario{name: "3", pairs: forth}, passed("3", "hotwalletd-ethereum", "watch.see.after"), 1},
		{scenario{name: "4", pairs: back}, passed("4", "hotwalletd-bitcoin", "watch.see.after"), 1},
		{scenario{name: "5", pairs: append(forth, back...)}, passed("5", "hotwalletd-bitcoin", "watch.see.after", "payment.plan.after"), 0},
		{scenario{name: "6", pairs: append(forth, back...)}, passed("6", "hotwalletd-bitcoin", "issue.address.after", "watch.replace.after"), 2},
		{scenario{name: "own", pairs: forth, own: paying}, passed("own", "hotwalletd-ethereum", "payment.plan.after", "watch.apply.after"), 1},
		{scenario{name: "own again", pairs: forth, own: paying}, passed("own again", "hotwalletd-ethereum", "payment.plan.after", "watch.apply.after"), 1},
		{scenario{name: "not own", pairs: forth}, passed("not own", "hotwalletd-ethereum", "payment.plan.after", "watch.apply.after"), 1},
		{scenario{name: "plain", pairs: forth}, passed("plain", "liquidityd", "hedge.place.after", "liquidity.x.after"), 1},
		{scenario{name: "hedged", pairs: forth, own: hedging}, passed("hedged", "liquidityd", "hedge.place.after", "liquidity.y.after"), 1},
		{scenario{name: "8", pairs: back}, passed("8", "hotwalletd-bitcoin", "issue.pool.after", "issue.receipt.after"), 1},
		{scenario{name: "7", pairs: append(forth, back...)}, passed("7", "hotwalletd-bitcoin", "issue.address.after", "issue.pool.after"), 1},
	} {
		if got := step.s.choose(step.passed, covered); len(got) != step.want {
			t.Errorf("scenario %s is swept at %v, not at %d points", step.s.name, got, step.want)
		}
	}
}

func traced(points int) (map[string][]aim, []scenario) {
	cases := map[string][]aim{}
	all := []scenario{{name: "1", pairs: []asset.Pair{toEther}}, {name: "2", pairs: []asset.Pair{toCoins}}}
	for _, s := range all {
		for _, daemon := range []string{"a", "b", "c", "d", "e"} {
			for i := range points {
				cases[s.name] = append(cases[s.name], aim{s.name, daemon, string(rune('A' + i))})
			}
		}
	}
	return cases, all
}

// A sample has both directions and as many daemons as it can, and is what its seed says.
func TestDrawIsSpreadAndRepeatable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		cases, all := traced(20)
		chosen := draw(cases, all, 10, seed)
		for _, s := range all {
			daemons := map[string]bool{}
			for _, a := range chosen[s.name] {
				daemons[a.daemon] = true
			}
			if len(chosen[s.name]) != 5 || len(daemons) != 5 {
				t.Fatalf("direction %s is sampled by %v", s.name, chosen[s.name])
			}
		}
		// What was not chosen and not traced this time changes nothing.
		shrunk := map[string][]aim{}
		for name, list := range cases {
			for i, a := range list {
				if i%2 == 0 || slices.Contains(chosen[name], a) {
					shrunk[name] = append(shrunk[name], a)
				}
			}
			slices.Reverse(shrunk[name])
		}
		if again := draw(shrunk, all, 10, seed); !maps.EqualFunc(again, chosen, slices.Equal) {
			t.Fatalf("seed %d gives %v and then %v", seed, chosen, again)
		}
	})
}

func TestDrawTakesAllThereIs(t *testing.T) {
	t.Parallel()
	cases, all := traced(3)
	if chosen := draw(cases, all, 1000, 1); len(chosen["1"]) != 15 || len(chosen["2"]) != 15 {
		t.Errorf("of 30 cases %d and %d were taken", len(chosen["1"]), len(chosen["2"]))
	}
	first, second := draw(cases, all, 5, 1), draw(cases, all, 5, 2)
	if maps.EqualFunc(first, second, slices.Equal) {
		t.Error("two seeds draw the same")
	}
}

// found is a report of a sweep in which everything was as it should be.
func found() (r *report, s scenario, every []aim) {
	s = scenario{name: "both", pairs: []asset.Pair{toEther, toCoins}}
	r = newReport(map[string][]string{"signerd": {"signer.commit.after"}, "swapd": {"relay.publish.after"}})
	for _, m := range mistakes() {
		r.judge(m, m.finds)
	}
	r.judgeSlips(slices.Repeat([]error{errSlipped}, len(slips())))
	return r, s, []aim{{s.name, "signerd", "signer.commit.after"}, {s.name, "swapd", "relay.publish.after"}}
}

// What fails a sweep.
func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		partial bool
		play    func(r *report, s scenario, every []aim)
		want    string
	}{
		{"all died at", false, func(r *report, s scenario, every []aim) { r.add(s, every, nil, nil) }, ""},
		{"a point is missing", false, func(r *report, s scenario, every []aim) { r.add(s, every, every[:1], nil) }, "never died at: signerd signer.commit.after"},
		{"a direction is missing", false, func(r *report, s scenario, every []aim) {
			s.pairs = []asset.Pair{toEther}
			r.add(s, every, nil, nil)
		}, "never met: [signerd signer.commit.after ETH→BTC"},
		{"a daemon is missing", false, func(r *report, s scenario, every []aim) {
			r.points["hotwalletd"] = []string{"watch.apply.after"}
			r.add(s, append(every, aim{s.name, "hotwalletd-bitcoin", "watch.apply.after"}), nil, nil)
		}, "never met: [hotwalletd-ethereum watch.apply.after"},
		{"what can't be is not missed", false, func(r *report, s scenario, every []aim) {
			r.points["hotwalletd"] = []string{"watch.see.after"}
			r.add(s, every, nil, nil)
			bitcoin, ethereum := aim{"", "hotwalletd-bitcoin", "watch.see.after"}, aim{"", "hotwalletd-ethereum", "watch.see.after"}
			r.add(scenario{pairs: []asset.Pair{toEther}}, []aim{bitcoin}, nil, nil)
			r.add(scenario{pairs: []asset.Pair{toCoins}}, []aim{bitcoin, ethereum}, nil, nil)
		}, ""},
		{"what can't be was met", true, func(r *report, s scenario, every []aim) {
			s.pairs = []asset.Pair{toEther}
			r.add(s, append(every, aim{s.name, "hotwalletd-ethereum", "watch.see.after"}), nil, nil)
		}, "taken for impossible"},
		{"a sample may miss one", true, func(r *report, s scenario, every []aim) { r.add(s, every, every[:1], nil) }, ""},
		{"nothing died", true, func(*report, scenario, []aim) {}, "no daemon has died"},
		{"a failed round", true, func(r *report, s scenario, every []aim) { r.add(s, every, nil, nil); r.add(s, every, nil, errLost) }, "LOST"},
		{"a failed round proves no point", false, func(r *report, s scenario, every []aim) { r.add(s, every, nil, errors.New("no")) }, "never died at"},
		{"a failed soak", true, func(r *report, s scenario, every []aim) {
			r.add(s, every, nil, nil)
			r.soaked(1, 2, 3, errors.New("stuck"))
		}, "soak: stuck"},
		{"the broken builds were left out", true, func(r *report, s scenario, every []aim) { r.add(s, every, nil, nil); r.broken = nil }, "not run"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, s, every := found()
			test.play(r, s, every)
			r.print(test.partial, time.Second)
			err := r.verdict(test.partial)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("the verdict is %v, not %q", err, test.want)
			}
		})
	}
}

func TestReportCountsLostAndPaidTwice(t *testing.T) {
	t.Parallel()
	r := newReport(nil)
	r.fail("a", errors.Join(errors.New("more"), errLost))
	r.fail("b", errPaidTwice)
	r.fail("c", errors.New("slow"))
	if r.lost != 1 || r.twice != 1 || len(r.failed) != 3 {
		t.Errorf("lost %d, twice %d, failed %d", r.lost, r.twice, len(r.failed))
	}
}

// Both worlds together do all that was asked for, and none of it twice.
func TestTheWorldsShareTheWork(t *testing.T) {
	t.Parallel()
	for _, o := range []options{{soak: time.Second}, {sample: 1}, {sample: 10}, {sample: 11, soak: time.Second}, {only: "ETH→BTC", soak: time.Second}, {only: "reorg of a BTC deposit", soak: time.Second}} {
		all := chosen(o)
		done, sampled, soaked := map[string]int{}, 0, time.Duration(0)
		for _, pair := range []asset.Pair{toEther, toCoins} {
			half, ours := o.in(pair, all)
			if len(ours) == 0 {
				continue
			}
			for _, s := range ours {
				done[s.name]++
			}
			sampled, soaked = sampled+half.sample, soaked+half.soak
		}
		if sampled != o.sample || soaked != o.soak {
			t.Errorf("%+v: %d cases and a soak of %s", o, sampled, soaked)
		}
		for _, s := range all {
			if done[s.name] != 1 && o.sample != 1 {
				t.Errorf("%+v: %s is run %d times", o, s.name, done[s.name])
			}
		}
	}
}
