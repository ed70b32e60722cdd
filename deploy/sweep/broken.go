package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// mistake is a build that must not survive a scenario.
type mistake struct {
	tag, program, daemon string
	says                 string
	run                  func(ctx context.Context, w *world) error
	// finds is what the scenario has to find; another failure does not count.
	finds error
}

// mistakes in the order they are run: the last leaves its chain halted.
func mistakes() []mistake {
	return []mistake{
		{"broken_blind_resend", "liquidityd", "liquidityd", "an order at a venue is sent again", resent, errHedgedTwice},
		{"broken_forgetful_signer", "signerd", "signerd", "the signer keeps no memory", replayed, errPaidTwice},
		{"broken_broadcast_first", "hotwalletd", "hotwalletd-bitcoin", "bytes are handed in before they are stored", signedAndAway, errLost},
	}
}

// broken runs the scenarios that find the mistakes against builds with them. It is
// an error of the sweep if they survive. The cluster is unfit for more afterwards.
func (w *world) broken(ctx context.Context, root, good string, r *report) error {
	slips := make(chan []error, 1)
	go func() { slips <- w.slipped(ctx) }()
	defer func() { r.judgeSlips(<-slips) }()
	for _, m := range mistakes() {
		w.say("%s: building it, and running what it can't survive", m.tag)
		found, err := w.expose(ctx, root, good, m)
		if err != nil {
			return err
		}
		r.judge(m, found)
		w.say("  %s", verdictOf(found))
	}
	return nil
}

// judge notes whether a mistake was found, for what it is.
func (r *report) judge(m mistake, found error) {
	switch {
	case errors.Is(found, m.finds):
		r.broken = append(r.broken, fmt.Sprintf("%s (%s) FAILED, as it should: %v", m.tag, m.says, found))
	case found == nil:
		r.survived = append(r.survived, m.tag+" survived: the sweep can't find this mistake")
	default:
		r.survived = append(r.survived, fmt.Sprintf("%s failed, but not for its mistake: %v", m.tag, found))
	}
}

// expose puts the broken program in the good one's place, runs the scenario, and
// puts the good one back.
func (w *world) expose(ctx context.Context, root, good string, m mistake) (found, err error) {
	variant := filepath.Join(root, "bin-"+m.tag)
	if err := build(ctx, variant, pointTag+","+m.tag, "./cmd/"+m.program); err != nil {
		return nil, err
	}
	if err := relink(filepath.Join(variant, m.program), filepath.Join(w.bin, m.program)); err != nil {
		return nil, err
	}
	if err := w.bounce(ctx, m.daemon); err != nil {
		return nil, err
	}
	found = m.run(ctx, w)
	w.coming.Wait()
	if err := relink(filepath.Join(good, m.program), filepath.Join(w.bin, m.program)); err != nil {
		return nil, err
	}
	return found, w.bounce(ctx, m.daemon)
}
