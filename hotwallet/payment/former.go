package payment

import (
	"context"
	"errors"

	"ferry/swap"
)

// Reasons of a plan that spends a coin, or has a nonce, because of the end of an earlier payment of
// which attestd has not said so that the signer takes it. What it said follows.
const (
	ReasonFormer     = "former_payment_not_attested:"
	ReasonFormerLong = "former_payment_not_attested for long:"
)

// unended puts a plan off of which attestd does not say, or not so that the signer takes it, that an
// earlier payment has ended. Where that has lasted the plan is given up, as for a deposit that nobody
// vouches for: its coins and nonce are needed. It is made again in growing pauses, for it may be
// the same coin that is chosen then.
func (e *Engine) unended(ctx context.Context, b Batch, cause error) (Batch, bool, error) {
	if ctx.Err() != nil {
		return b, false, ctx.Err()
	}
	why := cause
	var refusal *swap.Error
	if errors.As(cause, &refusal) {
		why = errors.New(refusal.Message)
	}
	first := b.Payments[0].Order.ID
	if e.config.Now().Sub(e.sinceOf(e.formerSince, b.Payments[0], ReasonFormer)) < attestPatience {
		e.later(b.ID, waitLeast, waitMost)
		return b, false, e.stand(ctx, b, because(ReasonFormer, why), errors.Is(cause, swap.ErrPaid))
	}
	e.later(b.ID, pauseLeast, pauseMost)
	if b.Last().N > 1 { // on chains of coins, where it holds nobody up: the first is signed
		return b, false, e.stand(ctx, b, because(ReasonFormerLong, why), true)
	}
	pace := e.tries[b.ID]
	b, done, err := e.recall(ctx, b, because(ReasonFormerLong, why))
	if err == nil && !done {
		e.tries[b.ID], e.tries[first] = pace, pace
	}
	return b, done, err
}
