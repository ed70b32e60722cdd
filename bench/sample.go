package main

import (
	"context"
	"fmt"
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
