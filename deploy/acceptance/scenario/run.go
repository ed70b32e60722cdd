package scenario

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Outcome is what became of a scenario on a driver.
type Outcome string

// The outcomes.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "FAILED"
	Skipped Outcome = "skipped"
	// Waiting scenarios are pending: of what is not built yet.
	Waiting Outcome = "pending"
)

// Result is a scenario's outcome on a driver. Reason is what failed, or why it was
// skipped; Took is real time.
type Result struct {
	Scenario Scenario
	Driver   string
	Outcome  Outcome
	Reason   string
	Took     time.Duration
}

// Run plays scenarios on a driver, so many at a time as it has lanes, and afterwards,
// one by one, those that are exclusive. Each result is told as it comes, one at a time.
// The results are in the order of the scenarios.
func Run(ctx context.Context, d Driver, all []Scenario, tell func(Result)) []Result {
	results := make([]Result, len(all))
	var telling sync.Mutex
	play := func(i int) {
		results[i] = playOn(ctx, d, all[i])
		telling.Lock()
		defer telling.Unlock()
		tell(results[i])
	}
	shared := make(chan int)
	var lanes sync.WaitGroup
	for range max(d.Lanes(), 1) {
		lanes.Go(func() {
			for i := range shared {
				play(i)
			}
		})
	}
	for i, s := range all {
		if !s.Exclusive || s.Pending {
			shared <- i
		}
	}
	close(shared)
	lanes.Wait()
	for i, s := range all {
		if s.Exclusive && !s.Pending {
			play(i)
		}
	}
	return results
}

func playOn(ctx context.Context, d Driver, s Scenario) Result {
	r := Result{Scenario: s, Driver: d.Name(), Outcome: Waiting}
	if s.Pending {
		return r
	}
	began := time.Now()
	err := through(ctx, d, s)
	r.Took = time.Since(began)
	var unable cannot
	switch {
	case err == nil:
		r.Outcome = Passed
	case errors.As(err, &unable):
		r.Outcome, r.Reason = Skipped, unable.reason
	default:
		r.Outcome, r.Reason = Failed, err.Error()
	}
	return r
}

// through has one scenario's steps, then what must hold after any, then the world's end.
func through(ctx context.Context, d Driver, s Scenario) error {
	w, err := d.Open(ctx, s)
	if err != nil {
		return err
	}
	stage := newPlay(w)
	for _, text := range s.Steps {
		step, args, err := find(text)
		if err == nil {
			err = step.do(ctx, stage, args)
		}
		if err != nil {
			return unlessUnable(fmt.Errorf("%s: %w", text, err), w.End(ctx))
		}
	}
	if err := stage.quiet(ctx); err != nil {
		return unlessUnable(err, w.End(ctx))
	}
	if err := w.End(ctx); err != nil {
		return fmt.Errorf("in the end: %w", err)
	}
	return stage.kept(ctx)
}

// unlessUnable joins the end of a scenario that failed, or of one that was skipped: then
// only the world's trouble is a failure.
func unlessUnable(err, end error) error {
	var unable cannot
	if errors.As(err, &unable) && end != nil {
		return fmt.Errorf("in the end of a scenario that is skipped: %w", end)
	}
	return errors.Join(err, end)
}
