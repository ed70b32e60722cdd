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

// Start implements scenario.Trouble.
func (w *world) Start(_ context.Context, daemon string) error { return w.stage.Start(daemon) }

// Repeat implements scenario.Trouble.
func (w *world) Repeat(context.Context) error { return w.stage.Repeat() }

// RaiseDust implements scenario.Trouble.
func (w *world) RaiseDust(_ context.Context, on asset.Chain, times int64) error {
	units, err := w.stage.Dust(on).MulDiv(big.NewInt(times), big.NewInt(1), asset.Down)
	if err != nil {
		return err
	}
	return w.stage.SetDust(on, units)
}

// noMarket is why prices can't move.
func noMarket() error { return scenario.Cannot("a stage has no market yet: its prices are locked") }

// MoveMarket implements scenario.Trouble.
func (w *world) MoveMarket(context.Context, asset.Pair, int64) error { return noMarket() }

// CloseMarket implements scenario.Trouble.
func (w *world) CloseMarket(context.Context) error { return noMarket() }

// OpenMarket implements scenario.Trouble.
func (w *world) OpenMarket(context.Context) error { return noMarket() }

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
func (w *world) Act(context.Context, string, string, swap.StaffAction, string) (string, error) {
	return "", scenario.Cannot("a stage has no staff yet")
}

// Approve implements scenario.Operator.
func (w *world) Approve(context.Context, string, string, string) error {
	return scenario.Cannot("a stage has no staff yet")
}
