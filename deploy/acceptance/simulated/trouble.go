package simulated

import (
	"context"
	"math/big"

	"ferry/deploy/acceptance/scenario"
	"ferry/swap"
	"ferry/swap/asset"
)

// Hold implements scenario.Trouble.
func (w *world) Hold(_ context.Context, on asset.Chain) error {
	w.stage.Hold(on)
	return nil
}

// Release implements scenario.Trouble.
func (w *world) Release(_ context.Context, on asset.Chain) error {
	w.stage.Release(on)
	return nil
}

// Mine implements scenario.Trouble.
func (w *world) Mine(_ context.Context, on asset.Chain, n int) error {
	for range n {
		if err := w.stage.Mine(on); err != nil {
			return err
		}
	}
	return nil
}

// Forget implements scenario.Trouble.
func (w *world) Forget(_ context.Context, on asset.Chain) error { return w.stage.Forget(on) }

// Reorg implements scenario.Trouble.
func (w *world) Reorg(_ context.Context, on asset.Chain, depth int64, fate scenario.Fate) error {
	return w.stage.Reorg(on, int(depth), fates[fate])
}

// Kill implements scenario.Trouble.
func (w *world) Kill(_ context.Context, daemon string) error {
	if !w.stage.Kill(daemon) {
		return unknownDaemon(daemon)
	}
	return nil
}

// Untold implements scenario.Trouble: what is stored is told when it is up again.
func (w *world) Untold(ctx context.Context) error { return w.Kill(ctx, "gatewayd") }

// Start implements scenario.Trouble.
func (w *world) Start(_ context.Context, daemon string) error { return w.stage.Start(daemon) }

// Repeat implements scenario.Trouble.
func (w *world) Repeat(context.Context) error { return w.stage.Repeat() }

// Untraced implements scenario.Trouble: the fake chain has no traces.
func (w *world) Untraced(context.Context, asset.Chain) error { return nil }

// RaiseDust implements scenario.Trouble.
func (w *world) RaiseDust(_ context.Context, on asset.Chain, times int64) error {
	units, err := w.stage.Dust(on).MulDiv(big.NewInt(times), big.NewInt(1), asset.Down)
	if err != nil {
		return err
	}
	return w.stage.SetDust(on, units)
}

// MoveMarket implements scenario.Trouble.
func (w *world) MoveMarket(_ context.Context, _ asset.Pair, percent int64) error {
	w.stage.MoveMarket(100 * percent)
	return nil
}

// CloseMarket implements scenario.Trouble.
func (w *world) CloseMarket(context.Context) error {
	w.stage.CloseMarket()
	return nil
}

// OpenMarket implements scenario.Trouble.
func (w *world) OpenMarket(context.Context) error {
	w.stage.OpenMarket()
	return nil
}

// Halt implements scenario.Operator.
func (w *world) Halt(_ context.Context, on asset.Chain) error { return w.stage.Halt(on) }

// Resume implements scenario.Operator.
func (w *world) Resume(_ context.Context, on asset.Chain) error { return w.stage.Resume(on) }

// Halted implements scenario.Operator.
func (w *world) Halted(_ context.Context, on asset.Chain) (string, error) {
	return w.stage.Halted(on), nil
}

// Alarms implements scenario.Operator.
func (w *world) Alarms(context.Context) ([]string, error) { return w.stage.Alarms(), nil }

// Act implements scenario.Operator.
func (w *world) Act(_ context.Context, swapID, actor string, action swap.StaffAction, reason string) (string, error) {
	return w.stage.Act(swapID, actor, action, reason)
}

// Approve implements scenario.Operator.
func (w *world) Approve(_ context.Context, swapID, actor, requestID string) error {
	return w.stage.Approve(swapID, actor, requestID)
}
