package payment

import (
	"context"
	"errors"
	"slices"

	"ferry/hotwallet/chain"
)

// planWith plans from what is deep enough and, only where that does not suffice, from change of
// our own too that is not.
func (e *Engine) planWith(ctx context.Context, b Basis, r chain.Request) (chain.Plan, error) {
	plan, err := e.config.Payer.Plan(ctx, b.Funds, r)
	if !errors.Is(err, chain.ErrFunds) || len(b.Own) == 0 {
		return plan, err
	}
	f := b.Funds
	f.Coins = append(slices.Clone(f.Coins), b.Own...)
	return e.config.Payer.Plan(ctx, f, r)
}

// sendBefore hands in what a batch builds on: a node that has forgotten that takes nothing which
// spends it. What it answers, the batches of these transactions find out by themselves. Bytes
// that are not their plan's are kept here as there, with what is built on them. It reports
// whether the batch can follow.
func (e *Engine) sendBefore(ctx context.Context, b Batch) (bool, error) {
	for _, a := range b.Before {
		if err := e.running(ctx); err != nil {
			return false, err
		}
		if ok, err := e.checked(ctx, b, a); err != nil || !ok {
			return false, err
		}
		answer, err := e.config.Payer.Broadcast(ctx, a.Raw)
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		e.config.Log.Debug("handed in what a payment builds on", "chain", e.config.Chain, "batch", b.ID, "answer", answer, "error", err)
	}
	return true, nil
}

// checked compares stored bytes with their plan before they are handed in for a batch, which
// stands still if they are something else.
func (e *Engine) checked(ctx context.Context, b Batch, a Attempt) (bool, error) {
	if e.config.Check == nil {
		return true, nil
	}
	if err := e.config.Check(e.config.Chain, a); err != nil {
		e.later(b.ID, pauseLeast, pauseMost)
		return false, e.stand(ctx, b, because(ReasonBytes, err), true)
	}
	return true, nil
}
