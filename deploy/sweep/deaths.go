package main

import (
	"context"
	"errors"
	"fmt"
)

// arm makes a daemon die at a point; the case's aim stands until it has.
func (w *world) arm(daemon, point string) error {
	before, err := w.arms.died(daemon, point)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.aims[daemon], w.before[daemon] = point, before
	w.mu.Unlock()
	return w.arms.arm(daemon, point)
}

func (w *world) disarm(daemon string) error {
	w.mu.Lock()
	delete(w.aims, daemon)
	delete(w.next, daemon)
	w.mu.Unlock()
	return w.arms.disarm(daemon)
}

// begun arms a round's daemons, or leaves that to the scenario; see from.
func (w *world) begun(s scenario, cases []aim) error {
	if s.own != nil {
		w.mu.Lock()
		w.begins = cases
		w.mu.Unlock()
		return nil
	}
	return w.armAll(cases)
}

// from is called by a scenario with points of its own where what it is about begins:
// daemons die from there on, and when it is traced only what they pass from there on
// counts.
func (w *world) from() error {
	w.mu.Lock()
	cases := w.begins
	w.begins = nil
	w.mu.Unlock()
	if cases == nil {
		return w.arms.forget()
	}
	return w.armAll(cases)
}

// armAll arms each daemon for the first of its deaths, and notes the others.
func (w *world) armAll(cases []aim) error {
	points := map[string][]string{}
	for _, a := range cases {
		points[a.daemon] = append(points[a.daemon], a.point)
	}
	for daemon, list := range points {
		w.mu.Lock()
		w.next[daemon] = list[1:]
		w.mu.Unlock()
		if err := w.arm(daemon, list[0]); err != nil {
			return err
		}
	}
	return nil
}

// rearm has a dead daemon die at the next of its points, disarms it after the last. One
// that has not died where it is to die stays armed: its start failed for want of another.
func (w *world) rearm(daemon string) error {
	w.mu.Lock()
	aim, more, before := w.aims[daemon], w.next[daemon], w.before[daemon]
	w.mu.Unlock()
	if len(more) == 0 {
		return w.disarm(daemon)
	}
	died, err := w.arms.died(daemon, aim)
	if err != nil || died == before {
		return err
	}
	w.mu.Lock()
	w.next[daemon] = more[1:]
	w.mu.Unlock()
	return w.arm(daemon, more[0])
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
	err := w.rearm(daemon)
	for tries := 0; err == nil; tries++ {
		if err = w.up.Restart(ctx, daemon); err == nil {
			break
		}
		if tries < restartLimit && wait(ctx, restartPause) == nil {
			w.mu.Lock()
			w.restarts++
			w.mu.Unlock()
			err = w.rearm(daemon)
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
