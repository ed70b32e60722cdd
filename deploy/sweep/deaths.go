package main

import (
	"context"
	"errors"
	"fmt"
)

// arm makes a daemon die at a point; the case's aim stands until it has.
func (w *world) arm(daemon, point string) error {
	w.mu.Lock()
	w.aims[daemon] = point
	w.mu.Unlock()
	return w.arms.arm(daemon, point)
}

func (w *world) disarm(daemon string) error {
	w.mu.Lock()
	delete(w.aims, daemon)
	w.mu.Unlock()
	return w.arms.disarm(daemon)
}

// hold keeps a daemon down from its next end on; release lets it be started.
func (w *world) hold(daemon string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held[daemon] = true
}

func (w *world) release(ctx context.Context, daemon string) error {
	w.mu.Lock()
	delete(w.held, daemon)
	w.mu.Unlock()
	w.revive(ctx, daemon)
	return w.trouble()
}

// kill ends a daemon by SIGKILL from outside; it stays down until release or start.
func (w *world) kill(daemon string) error {
	w.hold(daemon)
	return w.up.Kill(daemon)
}

// revive starts a dead daemon, disarmed, and again while that fails: it may need
// another one that is down too.
func (w *world) revive(ctx context.Context, daemon string) {
	w.mu.Lock()
	if w.busy[daemon] || w.held[daemon] || w.up.Running(daemon) {
		w.mu.Unlock()
		return
	}
	w.busy[daemon] = true
	w.mu.Unlock()
	err := w.disarm(daemon)
	for tries := 0; err == nil; tries++ {
		if err = w.up.Restart(ctx, daemon); err == nil {
			break
		}
		if tries < restartLimit && wait(ctx, restartPause) == nil {
			w.mu.Lock()
			w.restarts++
			w.mu.Unlock()
			err = w.disarm(daemon)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.busy, daemon)
	if err != nil {
		w.lost = errors.Join(w.lost, fmt.Errorf("%s did not come back: %w", daemon, err))
	}
}

// bounce ends a daemon and starts it as it is armed: it may die at a point of its
// start, and is then brought back like any other.
func (w *world) bounce(ctx context.Context, daemon string) error {
	w.mu.Lock()
	w.busy[daemon] = true // the death during this start is ours to mend, below
	w.mu.Unlock()
	if err := w.up.Kill(daemon); err != nil {
		return err
	}
	err := w.up.Restart(ctx, daemon)
	w.mu.Lock()
	delete(w.busy, daemon)
	w.mu.Unlock()
	if err != nil || !w.up.Running(daemon) {
		w.revive(ctx, daemon)
	}
	return w.trouble()
}

// insist arms a daemon until it has died where this round wants it: bringing it back
// from the round before may disarm it after it was armed for this one.
func (w *world) insist(ctx context.Context, daemon string) error {
	point, ok := w.aimed()[daemon]
	if !ok {
		return nil
	}
	before, err := w.arms.died(daemon, point)
	if err != nil {
		return err
	}
	return until(ctx, swapLimit, daemon+" to die at "+point, func() (bool, string, error) {
		if died, err := w.arms.died(daemon, point); err != nil || died > before {
			return err == nil, "", err
		}
		return false, "armed", w.arms.arm(daemon, point)
	})
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
