package nodes

import (
	"context"
	"fmt"
	"time"

	"ferry/deploy/acceptance/scenario"
)

const (
	// awaitLimit bounds what is waited for: it is reached only if something is broken.
	awaitLimit = 3 * time.Minute
	lookEvery  = 150 * time.Millisecond
	// longest is the longest time of the language that is passed in proportion, or cut to
	// the confirm window, after which no term of a swap waits for anything.
	longest = 24 * time.Hour
)

// Pass implements scenario.Time.
func (w *world) Pass(ctx context.Context, d time.Duration) error {
	if d > longest {
		return scenario.Cannot("the waits of the state machine's own are no settings: %s can't be passed", d)
	}
	return w.sleep(ctx, min(d/w.faster, time.Duration(w.deploy.Locks.ConfirmWindowSeconds)*time.Second))
}

// PassBy implements scenario.Time.
func (w *world) PassBy(ctx context.Context, at time.Time, d time.Duration) error {
	if !w.alone && time.Until(at) > time.Minute {
		return scenario.Cannot("swaps of this cluster wait for %s", time.Until(at).Round(time.Minute))
	}
	later := min(d/w.faster, time.Duration(w.deploy.Locks.ConfirmWindowSeconds)*time.Second)
	return w.sleep(ctx, time.Until(at.Add(later)))
}

func (w *world) sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-w.up.Failed():
		return fmt.Errorf("a process of the cluster ended: %w", err)
	case <-timer.C:
		return nil
	}
}

// Await implements scenario.Time.
func (w *world) Await(ctx context.Context, what string, ok func() (bool, string, error)) error {
	limit := time.Now().Add(awaitLimit)
	for {
		done, status, err := ok()
		if done || err != nil {
			return err
		}
		if time.Now().After(limit) {
			return fmt.Errorf("%s did not come about within %s: %s", what, awaitLimit, status)
		}
		if err := w.sleep(ctx, lookEvery); err != nil {
			return err
		}
	}
}
