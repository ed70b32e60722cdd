package payment

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ferry/swap"
	"ferry/swap/crash"
)

// Reasons of a payment that was ordered again and is not made anew yet.
const (
	ReasonProof = "ordered again: it is made anew once its failure is proved"
	ReasonAlive = "ordered again; its failure is not proved yet:"
)

// again plans nothing yet: it has the payments of a batch that failed, and was ordered
// again, be queued like new ones, once attestd has said that nothing signed for them can
// pay any more.
func (e *Engine) again(ctx context.Context, b Batch) error {
	if err := e.running(ctx); err != nil {
		return err
	}
	r, err := e.config.Store.Ended(ctx, b)
	if err != nil {
		return err
	}
	var signed []string
	for _, a := range b.Attempts {
		if a.TxID != "" {
			signed = append(signed, a.TxID)
		}
	}
	if _, cause := e.death(ctx, r, signed); cause != nil {
		return e.alive(ctx, b, cause)
	}
	crash.Point("payment.death.before")
	if err := e.config.Store.StoreDeath(ctx, b, r); err != nil {
		return err
	}
	crash.Point("payment.death.after")
	e.config.Log.Info("payment is made anew", "chain", e.config.Chain, "batch", b.ID, "failed", r.Spender)
	delete(e.tries, b.ID)
	e.moved()
	return nil
}

// alive says why the payments of a batch can't be made anew, and puts them off.
func (e *Engine) alive(ctx context.Context, b Batch, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var refusal *swap.Error
	if errors.As(cause, &refusal) {
		cause = errors.New(refusal.Message)
	}
	e.later(b.ID, waitLeast, waitMost)
	return e.stand(ctx, b, because(ReasonAlive, cause), errors.Is(cause, swap.ErrPaid))
}

// death is attestd's word on what ended a batch, whose signed transactions are given.
func (e *Engine) death(ctx context.Context, r DeathRequest, signed []string) (string, error) {
	if e.config.Coroner == nil {
		return "", swap.Refuse(swap.CodeUnavailable, "", "", "There is nobody to say so.")
	}
	if unproved {
		return "", nil
	}
	r.FencingToken = e.config.FencingToken
	text, err := e.config.Coroner.AttestDeath(ctx, r)
	if err != nil {
		return "", err
	}
	a, err := swap.VerifyDeathAttestation(text, e.config.AttestKeys)
	if err != nil {
		return "", fmt.Errorf("death of %s: %w", r.Anchor, err)
	}
	return text, a.Kills(r.Anchor, signed)
}

// deaths are attestd's words on what ended earlier batches of a batch's payments, for the
// signer. done is false, with the reason stored, while there is one that it has not.
func (e *Engine) deaths(ctx context.Context, b Batch) (signed []string, done bool, err error) {
	earlier := strings.Contains(b.ID, "#")
	var orders []string
	for _, p := range b.Payments {
		orders = append(orders, p.Order.ID)
		earlier = earlier || p.Order.Retry > 0
	}
	if !earlier {
		return nil, true, nil
	}
	ended, err := e.config.Store.Deaths(ctx, orders)
	if err != nil {
		return nil, false, err
	}
	for _, r := range ended {
		text, cause := e.death(ctx, r, nil)
		if cause != nil {
			return nil, false, e.alive(ctx, b, cause)
		}
		signed = append(signed, text)
	}
	return signed, true, nil
}
