package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/statemachine"
	"ferry/statemachine/postgres"
	"ferry/swap/bus"
)

const (
	// batchSize facts, each of another swap, are applied at once.
	batchSize = 128
	// batchGroups of that many swaps are taken through all their facts, a round.
	batchGroups = 5
)

func init() {
	register(Row{
		Number: 4, Name: "batch",
		What: fmt.Sprintf("batches of %d facts applied on one connection", batchSize),
		Unit: "transitions", Goal: 0.6, Prepare: prepareBatched,
	})
}

func prepareBatched(ctx context.Context, env *Env) (*Trial, error) {
	mine, err := env.swapPool(ctx, 1)
	if err != nil {
		return nil, err
	}
	theirs, err := env.swapPool(ctx, 1)
	if err != nil {
		mine.Close()
		return nil, err
	}
	subject, baseline := &batched{env: env, pool: mine, groups: batchGroups}, &byHand{env: env, pool: theirs}
	return &Trial{Subject: Side{Name: "Apply", Run: subject.run}, Baseline: Side{Name: "SQL by hand", Run: baseline.run},
		Close: func() error { mine.Close(); theirs.Close(); return nil }}, nil
}

// batched is the state machine's store under full batches of one partition.
type batched struct {
	env    *Env
	pool   *pgxpool.Pool
	groups int
	next   int64
}

func (b *batched) run(ctx context.Context, _ int) (Sample, error) {
	store := postgres.New(b.pool)
	return b.env.inParts(ctx, b.env.scale(b.groups), func() (int, func(context.Context) error, error) {
		batches, err := groupOfLives()
		return len(batches) * batchSize, func(ctx context.Context) error {
			for _, folded := range batches {
				batch := bus.Batch{Topic: bus.TopicFacts, From: b.next, Next: b.next + int64(len(folded))}
				if err := store.Apply(ctx, batch, folded); err != nil {
					return err
				}
				b.next = batch.Next
			}
			return nil
		}, err
	})
}

// groupOfLives are a group of swaps' first facts as a batch, then their second ones,
// and so on.
func groupOfLives() ([][]statemachine.Folded, error) {
	var batches [][]statemachine.Folded
	swaps, err := lives(batchSize)
	if err != nil {
		return nil, err
	}
	for step := range lifeLength {
		var folded []statemachine.Folded
		for _, life := range swaps {
			folded = append(folded, life[step])
		}
		batches = append(batches, folded)
	}
	return batches, nil
}

// byHand writes the same rows as Store.Apply, with values encoded beforehand, no
// guard, and no upsert: what the database and the driver take at least.
type byHand struct {
	env  *Env
	pool *pgxpool.Pool
	next int64
}

func (h *byHand) run(ctx context.Context, _ int) (Sample, error) {
	conn, err := h.pool.Acquire(ctx)
	if err != nil {
		return Sample{}, fmt.Errorf("connect: %w", err)
	}
	defer conn.Release()
	return h.env.inParts(ctx, h.env.scale(batchGroups), func() (int, func(context.Context) error, error) {
		written, err := encodedGroup()
		return len(written) * batchSize, func(ctx context.Context) error {
			for _, w := range written {
				from := h.next
				h.next += batchSize
				if err := conn.SendBatch(ctx, w.pipeline(0, from, h.next)).Close(); err != nil {
					return fmt.Errorf("write by hand: %w", err)
				}
			}
			return nil
		}, err
	})
}

func encodedGroup() ([]writtenRows, error) {
	batches, err := groupOfLives()
	if err != nil {
		return nil, err
	}
	written := make([]writtenRows, len(batches))
	for i, folded := range batches {
		if written[i], err = encode(folded); err != nil {
			return nil, err
		}
	}
	return written, nil
}

var errEmptyLife = errors.New("a fact that writes no swap is not what is measured")

func encode(folded []statemachine.Folded) (writtenRows, error) {
	var w writtenRows
	for _, f := range folded {
		if f.Swap == nil {
			return w, errEmptyLife
		}
		if err := w.add(f); err != nil {
			return w, err
		}
	}
	return w, nil
}

// settleTime bounds how long what a round wrote may take to arrive elsewhere.
const settleTime = time.Minute
