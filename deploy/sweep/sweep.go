package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// sweep runs every case, or a sample, on one cluster.
func sweep(ctx context.Context, o options, root, bin string, r *report) (err error) {
	w, err := start(ctx, o, root, bin)
	if err != nil {
		return err
	}
	mining, stopMining := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { w.miner.run(mining); close(done) }()
	defer func() {
		stopMining()
		<-done
		err = errors.Join(err, w.close())
	}()
	if err := w.fund(ctx); err != nil {
		return fmt.Errorf("fund the hot wallet: %w", err)
	}
	all := scenarios()
	if o.sample > 0 {
		all = all[:2]
	}
	all = slices.DeleteFunc(all, func(s scenario) bool { return !strings.Contains(s.name, o.only) })
	say("tracing what each scenario passes, undisturbed")
	cases, err := w.trace(ctx, all)
	if err != nil {
		return err
	}
	for name := range cases {
		cases[name] = slices.DeleteFunc(cases[name], func(a aim) bool { return !strings.Contains(a.point, o.point) })
	}
	if o.sample > 0 {
		cases = spread(cases, all, o.sample)
	}
	for _, s := range all {
		if !s.last {
			w.sweepScenario(ctx, s, cases[s.name], r)
		}
	}
	if o.soak > 0 && o.sample == 0 {
		say("soak: killing daemons at random for %s (seed %d)", o.soak, o.seed)
		swaps, kills, err := w.soak(ctx, o.soak, o.seed)
		r.soaked(swaps, kills, err)
		say("  %d swaps, %d kills: %s", swaps, kills, verdictOf(err))
	}
	r.recheck(ctx, w)
	for _, s := range all {
		if s.last {
			w.finale(ctx, s, r)
		}
	}
	return ctx.Err()
}

func start(ctx context.Context, o options, root, bin string) (*world, error) {
	say("starting PostgreSQL, Kafka, btcd, geth and the daemons")
	return open(ctx, root, bin, o.api, say)
}

// sweepScenario runs a scenario's rounds. What was missed in company is tried
// again alone: another daemon's death may have taken a daemon off its way.
func (w *world) sweepScenario(ctx context.Context, s scenario, cases []aim, r *report) {
	if len(cases) == 0 {
		return
	}
	say("%s: %d cases", s.name, len(cases))
	queue := rounds(cases)
	for i := 0; i < len(queue) && ctx.Err() == nil; i++ {
		round := queue[i]
		missed, err := w.round(ctx, s, round)
		r.add(s, round, missed, err)
		say("  %-90s %s", names(round), verdictOf(err)+missing(missed))
		if len(round) > 1 && err == nil {
			for _, a := range missed {
				queue = append(queue, []aim{a})
			}
		}
	}
}

// finale runs a scenario that leaves the cluster unfit: traced first, and then at
// each point that nothing else has reached.
func (w *world) finale(ctx context.Context, s scenario, r *report) {
	passed, err := w.follow(ctx, s)
	say("%s: %s", s.name, verdictOf(err))
	r.add(s, nil, nil, err)
	for _, a := range passed {
		if err != nil || ctx.Err() != nil || r.reached(programOf(a.daemon), a.point) {
			continue
		}
		missed, roundErr := w.round(ctx, s, []aim{a})
		r.add(s, []aim{a}, missed, roundErr)
		say("  %-90s %s", names([]aim{a}), verdictOf(roundErr)+missing(missed))
	}
}

// spread takes so many cases, evenly over all.
func spread(cases map[string][]aim, all []scenario, count int) map[string][]aim {
	var flat []aim
	for _, s := range all {
		flat = append(flat, cases[s.name]...)
	}
	chosen := map[string][]aim{}
	count = min(count, len(flat))
	for i := range count {
		a := flat[(2*i+1)*len(flat)/(2*count)]
		chosen[a.scenario] = append(chosen[a.scenario], a)
	}
	return chosen
}

func names(cases []aim) string {
	var texts []string
	for _, a := range cases {
		texts = append(texts, a.daemon+" "+a.point)
	}
	return strings.Join(texts, ", ")
}

func missing(missed []aim) string {
	if len(missed) == 0 {
		return ""
	}
	return "; not reached: " + names(missed)
}

func verdictOf(err error) string {
	if err == nil {
		return "ok"
	}
	return "FAILED: " + err.Error()
}
