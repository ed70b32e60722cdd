package payment

import (
	"context"
	"errors"
	"slices"

	"ferry/hotwallet/chain"
)

// planFrom plans from what is deep enough and, only where that does not suffice, from change of
// our own too that is not.
func (e *Engine) planFrom(ctx context.Context, b Basis, r chain.Request) (chain.Plan, error) {
	plan, err := e.config.Payer.Plan(ctx, b.Funds, r)
	if !errors.Is(err, chain.ErrFunds) || len(b.Own) == 0 {
		return plan, err
	}
	f := b.Funds
	f.Coins = append(slices.Clone(f.Coins), b.Own...)
	return e.config.Payer.Plan(ctx, f, r)
}

// sendBefore hands in what a batch builds on: a node that has forgotten that takes nothing which
// spends it. What it answers, the batches of these transactions find out by themselves.
func (e *Engine) sendBefore(ctx context.Context, b Batch) error {
	for _, raw := range b.Before {
		if err := e.running(ctx); err != nil {
			return err
		}
		answer, err := e.config.Payer.Broadcast(ctx, raw)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		e.config.Log.Debug("handed in what a payment builds on", "chain", e.config.Chain, "batch", b.ID, "answer", answer, "error", err)
	}
	return nil
}
