package simulated

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"ferry/deploy/acceptance/scenario"
	"ferry/deploy/simulate/simulation"
)

// Driver opens a stage for each scenario.
type Driver struct {
	// Unchecked leaves the simulation's own invariants alone, so that what fails is what
	// a scenario demands: that is how scenarios are judged.
	Unchecked bool
}

// Name implements scenario.Driver.
func (Driver) Name() string { return "simulated" }

// Lanes implements scenario.Driver: stages share nothing.
func (Driver) Lanes() int { return runtime.GOMAXPROCS(0) }

// Open implements scenario.Driver.
func (d Driver) Open(ctx context.Context, _ scenario.Scenario) (scenario.World, error) {
	stage, err := simulation.NewStage(ctx, !d.Unchecked)
	if err != nil {
		return nil, err
	}
	return &world{stage: stage}, nil
}

// awaitLimit bounds what is waited for, in virtual time: longer than all that the terms
// wait for.
const awaitLimit = 8 * time.Hour

// world is a stage as scenarios see it.
type world struct{ stage *simulation.Stage }

// Pass implements scenario.Time. The stage's swaps wait as long as those of the language.
func (w *world) Pass(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return w.stage.Pass(d)
}

// PassBy implements scenario.Time.
func (w *world) PassBy(ctx context.Context, at time.Time, d time.Duration) error {
	return w.Pass(ctx, at.Add(d).Sub(w.stage.Now()))
}

// Await implements scenario.Time.
func (w *world) Await(ctx context.Context, what string, ok func() (bool, string, error)) error {
	for limit := w.stage.Now().Add(awaitLimit); ; {
		done, status, err := ok()
		if done || err != nil {
			return err
		}
		if w.stage.Now().After(limit) || ctx.Err() != nil {
			return fmt.Errorf("%s did not come about within %s: %s", what, awaitLimit, status)
		}
		if err := w.stage.Step(); err != nil {
			return err
		}
	}
}

// End implements scenario.World.
func (w *world) End(context.Context) error { return w.stage.End() }
