package main

import (
	"context"
	"fmt"

	"ferry/deploy/demo/client"
	"ferry/swap"
	"ferry/swap/asset"
)

// repriced pays one unit less than was quoted, and is swapped at a new price.
func (w *world) repriced(ctx context.Context, pair asset.Pair) error {
	policy := swap.DefaultPolicy()
	// The simulated market wanders while daemons are away.
	policy.ToleranceBPS = swap.MaxToleranceBPS
	t, err := w.agree(ctx, pair, &policy, true)
	if err != nil {
		return err
	}
	paid, err := almost(t)
	if err != nil {
		return err
	}
	if err := w.pay(ctx, t, paid); err != nil {
		return err
	}
	if err := w.await(ctx, t, swapLimit, swap.Settled); err != nil {
		return err
	}
	s, err := w.api.Swap(ctx, t.id())
	if err != nil {
		return err
	}
	if len(s.Payments) != 1 || s.Payments[0].Purpose != swap.PurposePayout || s.Payments[0].SignedRequote == "" {
		return fmt.Errorf("swap %s was not paid out by a requote: %+v", t.id(), s.Payments)
	}
	due, err := asset.ParseDecimal(pair.To, s.Payments[0].Amount)
	if err != nil {
		return fmt.Errorf("payout of %s: %w", t.id(), err)
	}
	t.done, t.expects = swap.Settled, due.Units
	return w.received(ctx, t)
}

// asked pays one unit less than was quoted, wants it back when asked, and says where to
// only then.
func (w *world) asked(ctx context.Context, pair asset.Pair) error {
	policy := swap.DefaultPolicy()
	policy.OnShort = swap.AnswerAsk
	t, err := w.agree(ctx, pair, &policy, false)
	if err != nil {
		return err
	}
	paid, err := almost(t)
	if err != nil {
		return err
	}
	if err := w.pay(ctx, t, paid); err != nil {
		return err
	}
	matter, err := w.waitsFor(ctx, t, swap.WaitAnswer)
	if err != nil {
		return err
	}
	err = until(ctx, createLimit, "the answer to be taken", func() (bool, string, error) {
		_, err := w.api.Answer(ctx, t.terms, client.AnswerRequest{Secret: t.secret, DepositID: matter, Answer: swap.AnswerRefund})
		if client.Passing(err) {
			return later(err)
		}
		return err == nil, "", err
	})
	if err != nil {
		return err
	}
	if _, err := w.waitsFor(ctx, t, swap.WaitAddress); err != nil {
		return err
	}
	err = until(ctx, createLimit, "the refund address to be taken", func() (bool, string, error) {
		_, err := w.api.SetRefundAddress(ctx, t.terms, t.secret, t.refund.address)
		if client.Passing(err) {
			return later(err)
		}
		return err == nil, "", err
	})
	if err != nil {
		return err
	}
	if err := w.leaves(ctx, t, swap.Held); err != nil {
		return err
	}
	return w.returned(ctx, t, paid)
}

// waitsFor waits until the swap's one mismatch waits for something, and names it.
func (w *world) waitsFor(ctx context.Context, t *trip, what swap.Wait) (id string, err error) {
	err = until(ctx, swapLimit, fmt.Sprintf("swap %s to wait for %s", t.id(), what), func() (bool, string, error) {
		s, err := w.api.Swap(ctx, t.id())
		if err != nil {
			return later(err)
		}
		if len(s.Mismatches) == 1 && s.Mismatches[0].WaitsFor == what {
			id = s.Mismatches[0].ID
			return true, "", nil
		}
		return false, string(s.State) + ": " + s.Message, nil
	})
	return id, err
}

// leaves waits until the swap is in another state.
func (w *world) leaves(ctx context.Context, t *trip, state swap.State) error {
	return until(ctx, swapLimit, fmt.Sprintf("swap %s to be %s no more", t.id(), state), func() (bool, string, error) {
		s, err := w.api.Swap(ctx, t.id())
		if err != nil {
			return later(err)
		}
		return s.State != state, string(s.State) + ": " + s.Message, nil
	})
}
