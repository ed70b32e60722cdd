package main

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

// Sample is what one round of one side came to.
type Sample struct {
	Operations int `json:"operations"`
	// Seconds by the clock, and of CPU in all processes that took part.
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`
}

// Rate is operations per second.
func (s Sample) Rate() float64 { return float64(s.Operations) / s.Seconds }

// CPUEach is CPU time per operation, in seconds.
func (s Sample) CPUEach() float64 { return s.CPU / float64(s.Operations) }

// timed runs what is to be measured.
func (e *Env) timed(ctx context.Context, operations int, do func(context.Context) error) (Sample, error) {
	before, err := e.cpu()
	if err != nil {
		return Sample{}, err
	}
	start := time.Now()
	if err := do(ctx); err != nil {
		return Sample{}, err
	}
	s := Sample{Operations: operations, Seconds: time.Since(start).Seconds()}
	after, err := e.cpu()
	if err != nil {
		return Sample{}, err
	}
	s.CPU = after.total() - before.total()
	if s.Operations == 0 || s.Seconds <= 0 {
		return s, fmt.Errorf("a round of %d operations in %f s measures nothing", s.Operations, s.Seconds)
	}
	return s, nil
}

// inParts measures n parts of a round, each prepared apart from the clock, and adds
// them up. What a part needs is garbage before the next is made: a heap that holds a
// whole round's would have the collector mark it again and again on the clock.
func (e *Env) inParts(ctx context.Context, n int, prepare func() (operations int, do func(context.Context) error, err error)) (Sample, error) {
	var sum Sample
	for range n {
		operations, do, err := prepare()
		if err != nil {
			return sum, err
		}
		runtime.GC()
		part, err := e.timed(ctx, operations, do)
		if err != nil {
			return sum, err
		}
		sum.Operations, sum.Seconds, sum.CPU = sum.Operations+part.Operations, sum.Seconds+part.Seconds, sum.CPU+part.CPU
	}
	return sum, nil
}
