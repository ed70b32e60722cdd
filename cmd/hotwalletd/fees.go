package main

import (
	"context"
	"time"

	"ferry/cmd/internal/daemon"
	"ferry/cmd/internal/node"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/fee"
)

// openNode makes the adapter, and puts the chain's fees together: its node's estimate, what
// its blocks were paid, and the service from outside that the settings name, if they do.
func (w *wiring) openNode(ctx context.Context, s *daemon.Settings) (err error) {
	if w.adapter, err = checkedAdapter(ctx, s, w.chain, w.deployment, w.log); err != nil {
		return err
	}
	web, err := node.FeeSource(s, w.chain)
	if err != nil {
		return err
	}
	f := w.deployment.Fees(w.chain)
	w.fees, err = fee.New(fee.Config{Chain: w.chain, Market: w.adapter, Web: web, Target: f.TargetBlocks, Recent: f.RecentBlocks, MaxAge: f.Age(),
		Limits:  fee.Limits{Ceiling: chain.Rate(f.Ceiling), Fallback: chain.Rate(f.Fallback), Factor: f.Factor},
		Observe: func(e fee.Estimate, said []fee.Reading) { w.metrics.Fees(e, said) },
		Now:     time.Now, Log: w.plain})
	return err
}
