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

func mistakes() []mistake {
	return []mistake{
		{"broken_forgetful_signer", "signerd", "signerd", "the signer keeps no memory", replayed, errPaidTwice},
		{"broken_broadcast_first", "hotwalletd", "hotwalletd-bitcoin", "bytes are handed in before they are stored", signedAndAway, errLost},
	}
}

// broken runs the scenarios that find the mistakes against builds with them, on a
// cluster of its own. It is an error of the sweep if they survive.
func broken(ctx context.Context, o options, root, bin string, r *report) (err error) {
	say("building what is broken on purpose")
	own := filepath.Join(root, "bin-broken")
	if err := build(ctx, own, o.nodes, pointTag, "./cmd/..."); err != nil {
		return err
	}
	w, err := start(ctx, o, filepath.Join(root, "broken"), own)
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
	for _, m := range mistakes() {
		found, err := w.expose(ctx, o, root, own, bin, m)
		if err != nil {
			return err
		}
		switch {
		case errors.Is(found, m.finds):
			r.broken = append(r.broken, fmt.Sprintf("%s (%s) FAILED, as it should: %v", m.tag, m.says, found))
		case found == nil:
			r.survived = append(r.survived, m.tag+" survived: the sweep can't find this mistake")
		default:
			r.survived = append(r.survived, fmt.Sprintf("%s failed, but not for its mistake: %v", m.tag, found))
		}
		say("  %s: %s", m.tag, verdictOf(found))
	}
	return nil
}

// expose puts the broken program in the good one's place, runs the scenario, and
// puts the good one back.
func (w *world) expose(ctx context.Context, o options, root, own, good string, m mistake) (found, err error) {
	variant := filepath.Join(root, "bin-"+m.tag)
	if err := build(ctx, variant, o.nodes, pointTag+","+m.tag, "./cmd/"+m.program); err != nil {
		return nil, err
	}
	if err := relink(filepath.Join(variant, m.program), filepath.Join(own, m.program)); err != nil {
		return nil, err
	}
	if err := w.bounce(ctx, m.daemon); err != nil {
		return nil, err
	}
	found = m.run(ctx, w)
	w.coming.Wait()
	if err := relink(filepath.Join(good, m.program), filepath.Join(own, m.program)); err != nil {
		return nil, err
	}
	return found, w.bounce(ctx, m.daemon)
}
