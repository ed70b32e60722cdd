package main

import (
	"context"
	"errors"
	"fmt"

	"ferry/swap"
	"ferry/swap/asset"
)

// forgotten shows a deposit in the mempool, and restarts the node, which forgets
// it. The user pays again.
func forgotten(ctx context.Context, w *world) error {
	t, err := w.begin(ctx, toEther)
	if err != nil {
		return err
	}
	resume := w.miner.pause()
	defer resume()
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	if err := w.await(ctx, t, createLimit, swap.DepositDetected); err != nil {
		return err
	}
	if err := w.up.RestartBitcoin(ctx); err != nil {
		return err
	}
	if err := w.await(ctx, t, createLimit, swap.AwaitingDeposit); err != nil {
		return err
	}
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	resume()
	return w.settle(ctx, t)
}

// signerAway has a payout and a refund wait for a signer that is down: each hot
// wallet stores why its payment stands, and pays once the signer is back.
func (w *world) signerAway(ctx context.Context, pair asset.Pair) (err error) {
	exact, err := w.begin(ctx, pair)
	if err != nil {
		return err
	}
	short, err := w.begin(ctx, pair)
	if err != nil {
		return err
	}
	paid, err := almost(short)
	if err != nil {
		return err
	}
	const signer = "signerd"
	if err := w.kill(signer); err != nil {
		return err
	}
	waiting := func() error {
		if err := w.pay(ctx, exact, exact.terms.Quote.Deposit.Units); err != nil {
			return err
		}
		if err := w.pay(ctx, short, paid); err != nil {
			return err
		}
		return until(ctx, swapLimit, "both payments to stand for want of the signer", func() (bool, string, error) {
			s, err := w.status(ctx)
			if err != nil {
				return later(err)
			}
			payout, refund := s.standing(exact.id()), s.standing(short.id())
			return payout != "" && refund != "", fmt.Sprintf("payout %q, refund %q", payout, refund), nil
		})
	}
	if err := errors.Join(waiting(), w.release(ctx, signer)); err != nil {
		return err
	}
	return errors.Join(w.settle(ctx, exact), w.returned(ctx, short, paid))
}

// signedAndAway kills the payout's hot wallet just after the signer has answered,
// lets blocks pass, and starts it again while the signer is away. Nothing can have
// reached the chain; a build that hands bytes in before it stores them finds a
// payment of its own that it knows nothing of, and halts.
func signedAndAway(ctx context.Context, w *world) error {
	const wallet, signer = "hotwalletd-bitcoin", "signerd"
	aim := w.aimed()[wallet]
	before, err := w.arms.died(wallet, "payment.sign.after")
	if err != nil {
		return err
	}
	w.hold(wallet)
	if err := w.arm(wallet, "payment.sign.after"); err != nil {
		return err
	}
	t, err := w.begin(ctx, toCoins)
	if err != nil {
		return err
	}
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	err = until(ctx, swapLimit, "the death of the hot wallet", func() (bool, string, error) {
		now, err := w.arms.died(wallet, "payment.sign.after")
		return now > before, "", err
	})
	if err != nil {
		return err
	}
	if err := w.kill(signer); err != nil {
		return err
	}
	from, err := w.node.Height(ctx)
	if err != nil {
		return err
	}
	err = until(ctx, createLimit, "two blocks", func() (bool, string, error) {
		now, err := w.node.Height(ctx)
		return now >= from+2, fmt.Sprint(now), err
	})
	if err != nil {
		return err
	}
	if err := w.release(ctx, wallet); err != nil {
		return err
	}
	if aim != "" {
		if err := w.arm(wallet, aim); err != nil {
			return err
		}
	}
	err = until(ctx, swapLimit, "the hot wallet to catch up and to miss the signer", func() (bool, string, error) {
		s, err := w.status(ctx)
		if err != nil {
			return later(err)
		}
		if halt := s.halt(asset.Bitcoin); halt != "" {
			return false, "", fmt.Errorf("%w: the payout of %s left before it was stored: %s", errLost, t.id(), halt)
		}
		if at := s.height(asset.Bitcoin); at < from+2 {
			return false, fmt.Sprintf("at block %d of %d", at, from+2), nil
		}
		reason := s.standing(t.id())
		return reason != "", "no reason yet", nil
	})
	if err != nil {
		return errors.Join(err, w.release(ctx, signer))
	}
	if err := w.release(ctx, signer); err != nil {
		return err
	}
	return w.settle(ctx, t)
}
