package nodes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"ferry/deploy/acceptance/scenario"
	"ferry/deploy/deployment"
	"ferry/swap/asset"
)

// trouble is what a scenario has brought about that its end has to undo.
type trouble struct {
	// down are the daemons that it killed.
	down map[string]bool
	// deep is the lowest block of the branch that a reorganisation deeper than is
	// followed has left, at a height.
	deep    string
	deepAt  int64
	changed bool // the deployment's file
	// crashing ends the crashes, and waits until every daemon is up.
	crashing func() error
	// refusing ends when the payee refuses payments.
	refusing chan error
}

// Hold implements scenario.Trouble.
func (w *world) Hold(_ context.Context, on asset.Chain) error {
	if on == asset.Ethereum {
		return scenario.Cannot("geth --dev makes a block a second whatever one does")
	}
	w.miner.hold()
	return nil
}

// Release implements scenario.Trouble.
func (w *world) Release(_ context.Context, on asset.Chain) error {
	if on == asset.Bitcoin {
		w.miner.release()
	}
	return nil
}

// Mine implements scenario.Trouble.
func (w *world) Mine(ctx context.Context, on asset.Chain, n int) error {
	if on == asset.Ethereum {
		return w.sleep(ctx, time.Duration(n)*time.Second)
	}
	if err := w.coins.Mine(ctx, int64(n)); err != nil {
		return err
	}
	return w.read(ctx)
}

// read waits until the hot wallet has read Bitcoin to its tip, if it is up.
func (w *world) read(ctx context.Context) error {
	if w.down["hotwalletd-bitcoin"] {
		return nil
	}
	tip, err := w.node.Height(ctx)
	if err != nil {
		return err
	}
	return w.Await(ctx, fmt.Sprintf("block %d of bitcoin to be read", tip), func() (bool, string, error) {
		s, err := w.status(ctx)
		return s.halted(asset.Bitcoin) != "" || s.height(asset.Bitcoin) >= tip, fmt.Sprintf("read up to %d", s.height(asset.Bitcoin)), err
	})
}

// Forget implements scenario.Trouble: a node that restarts has no mempool.
func (w *world) Forget(ctx context.Context, on asset.Chain) error {
	if on == asset.Ethereum {
		return scenario.Cannot("geth --dev has mined what comes within a second")
	}
	return w.up.RestartBitcoin(ctx)
}

// Reorg implements scenario.Trouble.
func (w *world) Reorg(ctx context.Context, on asset.Chain, depth int64, fate scenario.Fate) error {
	if on == asset.Ethereum {
		return w.rewind(ctx, depth, fate)
	}
	tip, err := w.node.Height(ctx)
	if err != nil {
		return err
	}
	lowest := tip - depth + 1
	block, err := w.node.Block(ctx, lowest)
	if err != nil {
		return err
	}
	if depth > w.deploy.Chains[on].ReorgLimit {
		w.deep, w.deepAt = block.BlockHash().String(), lowest
	}
	if err := w.node.Invalidate(ctx, lowest); err != nil {
		return err
	}
	if fate != scenario.Returns {
		if err := w.Forget(ctx, on); err != nil {
			return err
		}
	}
	if fate == scenario.DoubleSpent {
		if err := w.doubleSpend(ctx); err != nil {
			return err
		}
	}
	if err := w.coins.Mine(ctx, depth+1); err != nil {
		return err
	}
	return w.read(ctx)
}

// doubleSpend has the user spend the coins of the last deposit on themselves.
func (w *world) doubleSpend(ctx context.Context) error {
	for _, coins := range w.spent {
		address, err := w.NewAddress(ctx, asset.Bitcoin)
		if err != nil {
			return err
		}
		_, err = w.spend(ctx, coins, []scenario.Output{{Address: address, Units: asset.NewUnits(1_000_000)}})
		return err
	}
	return errors.New("there is no deposit to double-spend")
}

// rewind has geth forget its newest blocks. It goes on from there with other ones, and
// has forgotten what was in them.
func (w *world) rewind(ctx context.Context, depth int64, fate scenario.Fate) error {
	if fate != scenario.Forgotten {
		return scenario.Cannot("geth --dev forgets the transactions of blocks that it takes back")
	}
	tip, err := w.geth.BlockNumber(ctx)
	if err != nil {
		return fmt.Errorf("ask geth: %w", err)
	}
	// One block more: another may have come since the depth was asked for.
	if err := w.geth.Client().CallContext(ctx, nil, "debug_setHead", hexutil.Uint64(int64(tip)-depth-1)); err != nil {
		return fmt.Errorf("have geth go back by %d blocks: %w", depth, err)
	}
	return nil
}

// Kill implements scenario.Trouble.
func (w *world) Kill(_ context.Context, daemon string) error {
	w.down[daemon] = true
	return w.up.Kill(daemon)
}

// Start implements scenario.Trouble.
func (w *world) Start(ctx context.Context, daemon string) error {
	delete(w.down, daemon)
	return w.up.Restart(ctx, daemon)
}

// Untold implements scenario.Trouble.
func (w *world) Untold(context.Context) error {
	return scenario.Cannot("a gateway tells within milliseconds of a swap that it has answered for")
}

// mortal are the daemons that die again and again, one after the other.
var mortal = []string{"swapd", "hotwalletd-bitcoin", "signerd", "hotwalletd-ethereum", "gatewayd", "liquidityd"}

// CrashOften implements scenario.Trouble.
func (w *world) CrashOften(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		var err error
		for i := 0; ctx.Err() == nil && err == nil; i++ {
			daemon := mortal[i%len(mortal)]
			if err = w.up.Kill(daemon); err == nil {
				err = w.up.Restart(context.WithoutCancel(ctx), daemon)
			}
		}
		ended <- err
	}()
	w.crashing = func() error { cancel(); return <-ended }
	return nil
}

// Untraced implements scenario.Trouble.
func (w *world) Untraced(context.Context, asset.Chain) error {
	return scenario.Cannot("the cluster's node shows what contracts do")
}

// RaiseDust implements scenario.Trouble: the deployment says so, and the hot wallet is
// started on it.
func (w *world) RaiseDust(ctx context.Context, on asset.Chain, times int64) error {
	amounts, err := w.deploy.Amounts(on)
	if err != nil {
		return err
	}
	native, _ := on.Native()
	raised, err := multiply(amounts.DustThreshold, times)
	if err != nil {
		return err
	}
	d := w.deploy
	d.Chains = map[asset.Chain]deployment.Chain{}
	for name, c := range w.deploy.Chains {
		if name == on {
			c.DustThreshold = asset.Amount{Asset: native.ID, Units: raised}.Decimal()
		}
		d.Chains[name] = c
	}
	w.changed = true
	return w.redeploy(ctx, d)
}

// MoveMarket implements scenario.Trouble.
func (w *world) MoveMarket(context.Context, asset.Pair, int64) error {
	return scenario.Cannot("the simulated venues' walk can't be told where to go")
}

// CloseMarket implements scenario.Trouble.
func (w *world) CloseMarket(context.Context) error {
	return scenario.Cannot("liquidityd waits a minute for a price, however fast the scenario's time goes")
}

// OpenMarket implements scenario.Trouble.
func (w *world) OpenMarket(ctx context.Context) error { return w.Start(ctx, "venuesim") }
