package main

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"ferry/statemachine"
	"ferry/statemachine/postgres"
	"ferry/swap/bus"
)

const (
	// singleWorkers transitions are under way at a time, each on a connection and a
	// partition of its own.
	singleWorkers = 16
	// singleLives swaps are taken through all their facts by each worker, a round.
	singleLives = 40
)

func init() {
	register(Row{
		Number: 1, Name: "transition",
		What: fmt.Sprintf("one fact applied and committed at a time, %d at once", singleWorkers),
		Unit: "transitions", Goal: 0.5, Prepare: prepareSingle,
	})
}

// single is the state machine's store under one-fact batches.
type single struct {
	env   *Env
	store *postgres.Gathered
	// next is each partition's offset.
	next [singleWorkers]int64
}

func prepareSingle(ctx context.Context, env *Env) (*Trial, error) {
	pool, err := env.swapPool(ctx, singleWorkers)
	if err != nil {
		return nil, err
	}
	baseline, err := insertAndCommit(ctx, env, singleWorkers)
	if err != nil {
		pool.Close()
		return nil, err
	}
	s := &single{env: env, store: postgres.Gather(postgres.New(pool))}
	return &Trial{Baseline: baseline, Subject: Side{Name: "Apply", Run: s.run}, Close: func() error { pool.Close(); return nil }}, nil
}

func (s *single) run(ctx context.Context, _ int) (Sample, error) {
	n := s.env.scale(singleLives)
	work := make([][][]statemachine.Folded, singleWorkers)
	for i := range work {
		var err error
		if work[i], err = lives(n); err != nil {
			return Sample{}, err
		}
	}
	return s.env.timed(ctx, singleWorkers*n*lifeLength, func(ctx context.Context) error {
		group, ctx := errgroup.WithContext(ctx)
		for i, swaps := range work {
			group.Go(func() error { return s.work(ctx, int32(i), swaps) })
		}
		return group.Wait()
	})
}

// work applies fact after fact, all swaps' first facts before their second ones.
func (s *single) work(ctx context.Context, partition int32, swaps [][]statemachine.Folded) error {
	for step := range lifeLength {
		for _, life := range swaps {
			from := s.next[partition]
			s.next[partition]++
			b := bus.Batch{Topic: bus.TopicFacts, Partition: partition, From: from, Next: from + 1}
			if err := s.store.Apply(ctx, b, life[step:step+1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// inParallel runs do n times, on several goroutines.
func inParallel(ctx context.Context, workers, n int, do func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	var mu sync.Mutex
	next := 0
	for range workers {
		group.Go(func() error {
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= n || ctx.Err() != nil {
					return ctx.Err()
				}
				if err := do(ctx, i); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}
