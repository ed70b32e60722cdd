package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"ferry/deploy/demo/client"
	"ferry/swap"
	"ferry/swap/asset"
)

// scenario is one course of events that a swap has to survive.
type scenario struct {
	name string
	// whole scenarios are swept at every point they pass; the others only at
	// points that no scenario before them passes in the same daemon, and at those
	// whose names begin with again.
	whole bool
	again string
	// last scenarios leave the cluster unfit for more.
	last bool
	run  func(ctx context.Context, w *world) error
}

// scenarios in the order they are traced and swept.
func scenarios() []scenario {
	return []scenario{
		{name: "BTC→ETH", whole: true, run: func(ctx context.Context, w *world) error { return w.happy(ctx, toEther) }},
		{name: "ETH→BTC", whole: true, run: func(ctx context.Context, w *world) error { return w.happy(ctx, toCoins) }},
		{name: "short BTC, refunded", again: "payment.", run: func(ctx context.Context, w *world) error { return w.short(ctx, toEther) }},
		{name: "short ETH, refunded", again: "payment.", run: func(ctx context.Context, w *world) error { return w.short(ctx, toCoins) }},
		{name: "quote used twice", run: usedTwice},
		{name: "deadline passes", run: expired},
		{name: "daemons restart", run: restarted},
		{name: "reorg of a deposit", run: reorganised},
		{name: "node forgets mempool", run: forgotten},
		{name: "dies signed, signer away", again: "payment.reason.", run: signedAndAway},
		{name: "order replayed", last: true, run: replayed},
		{name: "reorg too deep", last: true, run: tooDeep},
	}
}

// happy is a swap that goes as it should.
func (w *world) happy(ctx context.Context, pair asset.Pair) error {
	t, err := w.begin(ctx, pair)
	if err != nil {
		return err
	}
	// No block comes at once, so that the mempool is looked at in between.
	resume := w.miner.pause()
	defer resume()
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	if err := wait(ctx, lookPause); err != nil {
		return err
	}
	resume()
	return w.settle(ctx, t)
}

// lookPause is more than two looks of a hot wallet at its node.
const lookPause = 600 * time.Millisecond

// short pays one unit less than was quoted, too little to ask for, and is refunded.
func (w *world) short(ctx context.Context, pair asset.Pair) error {
	t, err := w.begin(ctx, pair)
	if err != nil {
		return err
	}
	paid, err := t.terms.Quote.Deposit.Units.Sub(asset.NewUnits(1))
	if err != nil {
		return fmt.Errorf("a unit less than a deposit: %w", err)
	}
	if err := w.pay(ctx, t, paid); err != nil {
		return err
	}
	return w.returned(ctx, t, paid)
}

// usedTwice asks for a second swap of a quote that has one. It must be refused,
// and the first must settle.
func usedTwice(ctx context.Context, w *world) error {
	t, err := w.begin(ctx, toEther)
	if err != nil {
		return err
	}
	_, err = w.create(ctx, rand.Text(), t.ask)
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Code != swap.CodeQuoteUsed {
		return fmt.Errorf("a quote used twice was answered by: %w", err)
	}
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	return w.settle(ctx, t)
}

// expired makes a swap and never pays it.
func expired(ctx context.Context, w *world) error {
	t, err := w.begin(ctx, toEther)
	if err != nil {
		return err
	}
	return w.await(ctx, t, depositWindow+swapLimit, swap.Expired)
}

// restarted starts every daemon anew, one by one, armed as they are, and then swaps.
func restarted(ctx context.Context, w *world) error {
	for _, daemon := range w.up.Daemons() {
		if programs[programOf(daemon)] == nil {
			continue
		}
		if armed := w.aimed(); len(armed) > 0 && armed[daemon] == "" {
			continue // a case is about the armed ones
		}
		if err := w.bounce(ctx, daemon); err != nil {
			return err
		}
	}
	return w.happy(ctx, toEther)
}

// reorganised takes the block with the deposit away, once; it is mined again.
func reorganised(ctx context.Context, w *world) error {
	t, err := w.begin(ctx, toEther)
	if err != nil {
		return err
	}
	resume := w.miner.pause()
	defer resume()
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	if err := w.node.Generate(ctx, 1); err != nil {
		return err
	}
	if err := w.confirmations(ctx, t, 1); err != nil {
		return err
	}
	height, err := w.node.Height(ctx)
	if err != nil {
		return err
	}
	if err := w.node.Invalidate(ctx, height); err != nil {
		return err
	}
	if err := w.node.Generate(ctx, 2); err != nil {
		return err
	}
	resume()
	return w.settle(ctx, t)
}

// confirmations waits until the API shows a deposit so deep.
func (w *world) confirmations(ctx context.Context, t *trip, wanted int64) error {
	return until(ctx, createLimit, fmt.Sprintf("%d confirmations of the deposit of %s", wanted, t.id()), func() (bool, string, error) {
		s, err := w.api.Swap(ctx, t.id())
		if err != nil {
			return later(err)
		}
		for _, d := range s.Deposits {
			if d.Confirmations >= wanted && d.State != swap.DepositSeen {
				return true, "", nil
			}
		}
		return false, fmt.Sprintf("%s with %d deposits", s.State, len(s.Deposits)), nil
	})
}

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
		for _, c := range s.Chains {
			if c.Chain == asset.Bitcoin && c.Height < from+2 {
				return false, fmt.Sprintf("at block %d of %d", c.Height, from+2), nil
			}
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

// tooDeep takes more blocks away than the limit allows: the chain must halt, and
// still be halted after a death on the way.
func tooDeep(ctx context.Context, w *world) error {
	resume := w.miner.pause()
	defer resume()
	height, err := w.node.Height(ctx)
	if err != nil {
		return err
	}
	if err := w.node.Invalidate(ctx, height-4); err != nil {
		return err
	}
	if err := w.node.Generate(ctx, 8); err != nil {
		return err
	}
	err = until(ctx, createLimit, "a halt of bitcoin", func() (bool, string, error) {
		s, err := w.status(ctx)
		if err != nil {
			return later(err)
		}
		return s.halt(asset.Bitcoin) != "", "running", nil
	})
	return errors.Join(err, w.trouble())
}

func (w *world) aimed() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	aims := map[string]string{}
	for daemon, point := range w.aims {
		aims[daemon] = point
	}
	return aims
}

// hitLimit is how long after a scenario a point of a daemon's routine may take.
const hitLimit = 15 * time.Second
