package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/swap"

	"ferry/cmd/ferry/internal/support"
)

const (
	// staffPatience is how long a command waits for the state machine, which is told
	// within a fraction of a second where all runs.
	staffPatience = 30 * time.Second
	staffPoll     = 200 * time.Millisecond
	// staffProgress is how often a command that waits says so.
	staffProgress = 2 * time.Second
)

// patient is how long a command waits for the state machine.
func (a *app) patient() time.Duration {
	if a.patience > 0 {
		return a.patience
	}
	return staffPatience
}

// awaitOutcome looks for what the state machine made of a request until it has decided,
// or patience ends; then what is returned is not decided. It says that it waits.
func (a *app) awaitOutcome(ctx context.Context, conn *pgx.Conn, swapID string, fact swap.StaffFact) (support.Outcome, error) {
	limit := time.NewTimer(a.patient())
	defer limit.Stop()
	poll := time.NewTicker(staffPoll)
	defer poll.Stop()
	began, said := time.Now(), time.Now()
	for {
		var outcome support.Outcome
		err := support.Read(ctx, conn, a.now(), func(r *support.Reader) (err error) {
			outcome, err = r.Outcome(ctx, swapID, fact)
			return err
		})
		if err != nil || outcome.Decided {
			return outcome, err
		}
		select {
		case <-ctx.Done():
			return outcome, fmt.Errorf("it is stored and will be decided: %w", context.Cause(ctx))
		case <-limit.C:
			return outcome, nil
		case <-poll.C:
		}
		if time.Since(said) >= staffProgress {
			said = time.Now()
			fmt.Fprintf(a.errs, "waiting for the state machine, %s of at most %s\n", time.Since(began).Round(time.Second), a.patient())
		}
	}
}
