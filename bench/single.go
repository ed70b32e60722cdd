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
	// singleWorkers transitions are under way at a time, each on a partition of its
	// own, and on a connection of its own where the store does not gather them.
	singleWorkers = 16
	// singleParts times singleLives swaps are taken through all their facts by each
	// worker, a round.
	singleParts, singleLives = 5, 8
)

func init() {
	what := fmt.Sprintf("one fact a batch, %d batches at once", singleWorkers)
	register(Row{
		Number: 1, Name: "transition", What: what + "; the store gathers what waits, as swapd's does", Unit: "transitions", Goal: 0.5,
		Prepare: func(ctx context.Context, env *Env) (*Trial, error) {
			return prepareSingle(ctx, env, insertAndCommit, func(s *postgres.Store) consumeStore { return postgres.Gather(s) })
		},
	})
	register(Row{
		Number: 2, Name: "transition-apart", What: what + ", each in a transaction of its own", Unit: "transitions", Rounds: 3,
		Prepare: func(ctx context.Context, env *Env) (*Trial, error) {
			return prepareSingle(ctx, env, insertAndCommit, func(s *postgres.Store) consumeStore { return s })
		},
	})
	register(Row{
		Number: 3, Name: "transition-naive", What: what + "; against one round trip a statement", Unit: "transitions", Goal: 2, Rounds: 3,
		Prepare: func(ctx context.Context, env *Env) (*Trial, error) {
			return prepareSingle(ctx, env, statementByStatement, func(s *postgres.Store) consumeStore { return postgres.Gather(s) })
		},
	})
}

// consumeStore is a postgres.Store, gathering or not.
type consumeStore interface {
	Apply(ctx context.Context, b bus.Batch, folded []statemachine.Folded) error
}

// single is the state machine's store under one-fact batches.
type single struct {
	env   *Env
	store consumeStore
	// next is each partition's offset.
	next [singleWorkers]int64
}

func prepareSingle(ctx context.Context, env *Env, baseline func(context.Context, *Env, int) (Side, error),
	as func(*postgres.Store) consumeStore) (*Trial, error) {
	pool, err := env.swapPool(ctx, singleWorkers)
	if err != nil {
		return nil, err
	}
	s := &single{env: env, store: as(postgres.New(pool))}
	base, err := baseline(ctx, env, singleWorkers)
	if err == nil {
		err = s.warm(ctx)
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &Trial{Baseline: base, Subject: Side{Name: "Apply", Run: s.run}, Close: func() error { pool.Close(); return nil }}, nil
}

// warm takes a swap through its life for each worker: a daemon's connections have
// their statements prepared, and it starts once.
func (s *single) warm(ctx context.Context) error {
	_, do, err := s.part(1)
	if err != nil {
		return err
	}
	return do(ctx)
}

func (s *single) run(ctx context.Context, _ int) (Sample, error) {
	return s.env.inParts(ctx, s.env.scale(singleParts), func() (int, func(context.Context) error, error) { return s.part(singleLives) })
}

// part takes so many swaps of each worker through their lives.
func (s *single) part(swaps int) (int, func(context.Context) error, error) {
	var work [singleWorkers][][]statemachine.Folded
	for i := range work {
		var err error
		if work[i], err = lives(swaps); err != nil {
			return 0, nil, err
		}
	}
	return singleWorkers * swaps * lifeLength, func(ctx context.Context) error {
		group, ctx := errgroup.WithContext(ctx)
		for i, swaps := range work {
			group.Go(func() error { return s.work(ctx, int32(i), swaps) })
		}
		return group.Wait()
	}, nil
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
