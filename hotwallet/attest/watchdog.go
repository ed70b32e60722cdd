package attest

import (
	"context"
	"fmt"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// WitnessObserver hears what the attestor's own nodes show. A function that is nil
// hears nothing; none may block.
type WitnessObserver struct {
	// Looked is told how each look at a deposit ended.
	Looked func(on asset.Chain, o Outcome)
	// LookedForDeath is told how each look at a payment's anchor ended.
	LookedForDeath func(on asset.Chain, o Outcome)
	// Tip is told a node's best height each time it has answered; which counts the
	// nodes of a chain from 0.
	Tip func(on asset.Chain, which int, height int64)
	// Standing is told whether a node's tip has stood still for too long.
	Standing func(on asset.Chain, which int, standing bool)
}

func (o WitnessObserver) looked(on asset.Chain, outcome Outcome) {
	if o.Looked != nil {
		o.Looked(on, outcome)
	}
}

func (o WitnessObserver) lookedForDeath(on asset.Chain, outcome Outcome) {
	if o.LookedForDeath != nil {
		o.LookedForDeath(on, outcome)
	}
}

func (o WitnessObserver) tip(on asset.Chain, which int, height int64) {
	if o.Tip != nil {
		o.Tip(on, which, height)
	}
}

func (o WitnessObserver) standing(on asset.Chain, which int, standing bool) {
	if o.Standing != nil {
		o.Standing(on, which, standing)
	}
}

// Run watches the nodes' tips until ctx ends: one that stands still is an alarm, and
// one that is silent is not waited for by who asks about a deposit.
func (w *Witness) Run(ctx context.Context) error {
	done := make(chan struct{})
	watched := 0
	for on, nodes := range w.config.Nodes {
		for which := range nodes {
			watched++
			go func() {
				w.watch(ctx, on, which)
				done <- struct{}{}
			}()
		}
	}
	for range watched {
		<-done
	}
	return nil
}

func (w *Witness) watch(ctx context.Context, on asset.Chain, which int) {
	ticker := time.NewTicker(tipPause)
	defer ticker.Stop()
	for ctx.Err() == nil {
		w.beat(ctx, on, which)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// beat looks at one node's tip once.
func (w *Witness) beat(ctx context.Context, on asset.Chain, which int) {
	asking, cancel := context.WithTimeout(ctx, tipLimit)
	defer cancel()
	tip, err := w.config.Nodes[on][which].Reader.Tip(asking)
	if ctx.Err() != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	feed := &w.feeds[on][which]
	now := w.config.Now()
	if err != nil {
		if feed.silent == "" {
			w.config.Log.Warn("a node of the attestor's own does not answer", "chain", on, "node", which, "error", err)
		}
		feed.silent = err.Error()
	} else {
		w.answered(feed, on, which, tip, now)
	}
	if feed.Standing(w.config.StaleAfter[on], now) {
		w.config.Log.Error("the tip of the attestor's own node stands still", "chain", on, "node", which,
			"height", feed.Tip.Height, "since", feed.Since, "limit", w.config.StaleAfter[on])
		feed.Told()
		w.config.Observer.standing(on, which, true)
	}
}

func (w *Witness) answered(feed *nodeFeed, on asset.Chain, which int, tip chain.Ref, now time.Time) {
	if feed.silent != "" {
		w.config.Log.Info("a node of the attestor's own answers again", "chain", on, "node", which)
		feed.silent = ""
	}
	if feed.Advanced(tip, now) {
		w.config.Log.Info("the tip of the attestor's own node moves again", "chain", on, "node", which, "height", tip.Height)
	}
	if feed.Since.Equal(now) {
		w.config.Observer.standing(on, which, false)
	}
	w.config.Observer.tip(on, which, tip.Height)
}

// silent is why a node's tip could not be looked at last time, "" if it could.
func (w *Witness) silent(on asset.Chain, which int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.feeds[on][which].silent
}

// Ready says why a chain's deposits can't be looked at now: a node of it does not
// answer. One that stands still is an alarm of its own.
func (w *Witness) Ready(on asset.Chain) error {
	for which := range w.config.Nodes[on] {
		if why := w.silent(on, which); why != "" {
			return fmt.Errorf("node %d of %s does not answer: %s", which+1, on, why)
		}
	}
	return nil
}
