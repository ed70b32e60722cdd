package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// tries is how often a case that was missed in company is tried alone.
const tries = 2

// inWorld starts a cluster with money in it, does something there, and stops it.
func inWorld(ctx context.Context, o options, name, root, bin string, do func(*world) error) (err error) {
	began := time.Now()
	w, err := open(ctx, o, name, root, bin)
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
	w.say("PostgreSQL, Kafka, btcd, geth and the daemons are up, the hot wallet is funded (%s)", since(began))
	return do(w)
}

// chosen are the scenarios that the options leave.
func chosen(o options) []scenario {
	all := scenarios()
	if o.sample > 0 {
		all = all[:2]
	}
	return slices.DeleteFunc(all, func(s scenario) bool { return !strings.Contains(s.name, o.only) })
}

// sweep runs every case of the scenarios, or a sample, on one cluster.
func (w *world) sweep(ctx context.Context, o options, all []scenario, r *report) error {
	if o.round != "" {
		return w.oneRound(ctx, all, o.round, r)
	}
	cases, err := w.trace(ctx, all)
	if err != nil {
		return err
	}
	for name := range cases {
		cases[name] = slices.DeleteFunc(cases[name], func(a aim) bool { return !strings.Contains(a.point, o.point) })
	}
	if o.sample > 0 {
		w.say("taking %d of the cases by lot (seed %d)", o.sample, o.seed)
		cases = draw(cases, all, o.sample, o.seed)
	}
	for _, s := range all {
		if !s.last {
			w.sweepScenario(ctx, s, cases[s.name], r)
		}
	}
	if !o.partial() {
		w.stragglers(ctx, all, r)
	}
	if o.soak > 0 {
		w.say("soak: killing daemons at random for %s (seed %d)", o.soak, o.seed)
		swaps, kills, err := w.soak(ctx, o.soak, o.seed)
		r.soaked(o.seed, swaps, kills, err)
		w.say("  %d swaps, %d kills: %s", swaps, kills, verdictOf(err))
	}
	r.recheck(ctx, w)
	for _, s := range all {
		if s.last {
			w.finale(ctx, o, s, r)
		}
	}
	return ctx.Err()
}

// oneRound runs one combination of deaths, as a failed round's line names it.
func (w *world) oneRound(ctx context.Context, all []scenario, text string, r *report) error {
	if len(all) != 1 {
		return fmt.Errorf("-round needs one scenario: -only leaves %d", len(all))
	}
	var round []aim
	for part := range strings.SplitSeq(text, ",") {
		fields := strings.Fields(part)
		if len(fields) != 2 {
			return fmt.Errorf("-round: %q is not a daemon and a point", part)
		}
		round = append(round, aim{all[0].name, fields[0], fields[1]})
	}
	w.once(ctx, all[0], round, r)
	r.recheck(ctx, w)
	return ctx.Err()
}

// sweepScenario runs a scenario's rounds. What was missed in company is tried
// again alone: another daemon's death may have taken a daemon off its way.
func (w *world) sweepScenario(ctx context.Context, s scenario, cases []aim, r *report) {
	if len(cases) == 0 {
		return
	}
	w.say("%s: %d cases", s.name, len(cases))
	var alone []aim
	for _, round := range rounds(cases, s.deaths()) {
		if ctx.Err() == nil {
			alone = append(alone, w.once(ctx, s, round, r)...)
		}
	}
	for range tries {
		var missed []aim
		for _, a := range alone {
			if ctx.Err() == nil {
				missed = append(missed, w.once(ctx, s, []aim{a}, r)...)
			}
		}
		alone = missed
	}
}

// once runs one round and returns what it has missed.
func (w *world) once(ctx context.Context, s scenario, round []aim, r *report) []aim {
	began := time.Now()
	missed, err := w.round(ctx, s, round)
	r.add(s, round, missed, err)
	w.say("  %-90s %s (%s)", names(round), verdictOf(err)+missing(missed), since(began))
	return missed
}

// stragglers tries cells at which nothing has died yet in other scenarios of their
// direction that have passed them.
func (w *world) stragglers(ctx context.Context, all []scenario, r *report) {
	for _, s := range slices.Backward(all) {
		var cases []aim
		for _, c := range r.unreachedIn(s.home()) {
			if w.passes[s.name][aim{s.name, c.daemon, c.point}] {
				cases = append(cases, aim{s.name, c.daemon, c.point})
			}
		}
		w.sweepScenario(ctx, s, cases, r)
	}
}

// finale runs a scenario that leaves the cluster unfit: traced first, and then at
// each point that nothing else has reached in its direction.
func (w *world) finale(ctx context.Context, o options, s scenario, r *report) {
	passed, err := w.follow(ctx, s)
	w.say("%s: %s", s.name, verdictOf(err))
	r.add(s, nil, nil, err)
	unreached := r.unreachedIn(s.home())
	for _, a := range passed {
		if err == nil && ctx.Err() == nil && strings.Contains(a.point, o.point) && slices.Contains(unreached, cell{a.daemon, a.point, s.home()}) {
			w.once(ctx, s, []aim{a}, r)
		}
	}
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
