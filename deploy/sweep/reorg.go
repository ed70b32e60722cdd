package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ferry/swap"
	"ferry/swap/asset"
)

// coinsDepositBack takes the block with the deposit away, once; it is mined again.
func coinsDepositBack(ctx context.Context, w *world) error {
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
	if err := w.takeBack(ctx, height, 2); err != nil {
		return err
	}
	resume()
	return w.settle(ctx, t)
}

// takeBack takes bitcoin's blocks from a height on away, and makes others.
func (w *world) takeBack(ctx context.Context, height, blocks int64) error {
	if err := w.node.Invalidate(ctx, height); err != nil {
		return err
	}
	return w.node.Generate(ctx, blocks)
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

// coinsPayoutBack takes the block with the payout away, once; the same bytes are
// in a later one. Before, its change is seen in the mempool.
func coinsPayoutBack(ctx context.Context, w *world) error {
	const wallet, seen = "hotwalletd-bitcoin", "watch.see.after"
	t, err := w.begin(ctx, toCoins)
	if err != nil {
		return err
	}
	before, err := w.arms.passed(wallet)
	if err != nil {
		return err
	}
	resume := w.miner.pause()
	defer resume()
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	if err := w.await(ctx, t, swapLimit, swap.PayoutBroadcast); err != nil {
		return err
	}
	err = until(ctx, createLimit, "the payout's change to be seen", func() (bool, string, error) {
		now, err := w.arms.passed(wallet)
		return now[seen] > before[seen], "not yet", err
	})
	if err != nil {
		return err
	}
	if err := w.node.Generate(ctx, 1); err != nil {
		return err
	}
	height, err := w.node.Height(ctx)
	if err != nil {
		return err
	}
	if err := w.read(ctx, asset.Bitcoin, height); err != nil {
		return err
	}
	if err := w.takeBack(ctx, height, 2); err != nil {
		return err
	}
	resume()
	return w.settle(ctx, t)
}

// read waits until the hot wallet has read a chain up to a height.
func (w *world) read(ctx context.Context, chain asset.Chain, height int64) error {
	return until(ctx, createLimit, fmt.Sprintf("block %d of %s to be read", height, chain), func() (bool, string, error) {
		s, err := w.status(ctx)
		if err != nil {
			return later(err)
		}
		return s.height(chain) >= height, fmt.Sprintf("at block %d", s.height(chain)), nil
	})
}

// coinsTooDeep takes more blocks of bitcoin away than the limit allows: the chain
// must halt. The blocks return, an operator resumes, and swaps settle as ever.
func coinsTooDeep(ctx context.Context, w *world) error {
	// Before the blocks stop: the house's coins may have to get deep first.
	var trips [2]*trip
	var err error
	for i, pair := range []asset.Pair{toEther, toCoins} {
		if trips[i], err = w.begin(ctx, pair); err != nil {
			return err
		}
	}
	resume := w.miner.pause()
	defer resume()
	tip, err := w.node.Height(ctx)
	if err != nil {
		return err
	}
	if err := w.read(ctx, asset.Bitcoin, tip); err != nil {
		return err
	}
	lowest := tip - w.deploy.Chains[asset.Bitcoin].ReorgLimit - 1
	block, err := w.node.Block(ctx, lowest)
	if err != nil {
		return err
	}
	if err := w.takeBack(ctx, lowest, tip-lowest+2); err != nil {
		return err
	}
	if err := w.halted(ctx, asset.Bitcoin); err != nil {
		return err
	}
	if err := w.node.Invalidate(ctx, lowest); err != nil {
		return err
	}
	if err := w.node.Reconsider(ctx, block.BlockHash().String()); err != nil {
		return err
	}
	resume()
	if err := w.goOn(ctx, asset.Bitcoin, tip+1); err != nil {
		return err
	}
	for _, t := range trips {
		if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
			return err
		}
	}
	return errors.Join(w.settle(ctx, trips[0]), w.settle(ctx, trips[1]))
}

// halted waits until a chain's payments stand still because of its blocks.
func (w *world) halted(ctx context.Context, chain asset.Chain) error {
	err := until(ctx, createLimit, "a halt of "+string(chain), func() (bool, string, error) {
		s, err := w.status(ctx)
		if err != nil {
			return later(err)
		}
		halt := s.halt(chain)
		return strings.Contains(halt, "leaves ours more than"), "halted by: " + halt, nil
	})
	return errors.Join(err, w.trouble())
}

// goOn resumes a halted chain until it is read again up to a height: a look at the
// node that began before the blocks returned may halt it once more.
func (w *world) goOn(ctx context.Context, chain asset.Chain, height int64) error {
	return until(ctx, createLimit, string(chain)+" to go on", func() (bool, string, error) {
		s, err := w.status(ctx)
		if err != nil {
			return later(err)
		}
		if halt := s.halt(chain); halt != "" {
			return false, halt, w.operate(ctx, "resume", chain)
		}
		return s.height(chain) >= height, fmt.Sprintf("at block %d", s.height(chain)), nil
	})
}

// operate halts or resumes a chain as an operator would.
func (w *world) operate(ctx context.Context, what string, chain asset.Chain) error {
	var said string
	return w.ferry(ctx, &said, what, string(chain), "--reason", "the sweep", "--actor", "sweep")
}
