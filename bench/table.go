package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/pprof"

	"ferry/statemachine"
	"ferry/statemachine/consume"
	"ferry/statemachine/postgres"
	"ferry/swap"
	"ferry/swap/bus"
)

const (
	// tableGroups of batchSize swaps are taken through all their facts, a round.
	tableGroups = 4
	// tableTimes is how often the subject decides on each of them: a profile has a
	// sample each 10 ms.
	tableTimes = 30
	// tablePackage is whose frames are looked for.
	tablePackage = "github.com/looplab/fsm."
)

func init() {
	register(Row{
		Number: 19, Name: "table", Rounds: 3, ByCPU: true, Goal: 50, Unit: "transitions",
		What:    fmt.Sprintf("looplab/fsm in a transition: whole batches of %d facts, against its frames while the same are decided", batchSize),
		Prepare: prepareTable,
	})
}

func prepareTable(ctx context.Context, env *Env) (*Trial, error) {
	pool, err := env.swapPool(ctx, 1)
	if err != nil {
		return nil, err
	}
	t := &table{env: env, handler: consume.Handler{Store: postgres.New(pool), Rules: rules, Log: slog.New(slog.DiscardHandler)}}
	return &Trial{Baseline: Side{Name: "loaded, decided and stored", Run: t.whole}, Subject: Side{Name: "frames of looplab/fsm", Run: t.decided},
		Notes: func() []string { return t.notes }, Close: func() error { pool.Close(); return nil }}, nil
}

type table struct {
	env     *Env
	handler consume.Handler
	next    int64
	notes   []string
}

// groupOfFacts are a group of swaps' first facts, then their second ones, and so on.
func groupOfFacts() ([][]swap.Fact, error) {
	swaps, err := lives(batchSize)
	if err != nil {
		return nil, err
	}
	steps := make([][]swap.Fact, lifeLength)
	for step := range steps {
		for _, life := range swaps {
			steps[step] = append(steps[step], life[step].Events[0].Fact)
		}
	}
	return steps, nil
}

// whole has batches handled as swapd does: read, loaded, decided, stored.
func (t *table) whole(ctx context.Context, _ int) (Sample, error) {
	return t.env.inParts(ctx, t.env.scale(tableGroups), func() (int, func(context.Context) error, error) {
		steps, err := groupOfFacts()
		if err != nil {
			return 0, nil, err
		}
		var batches []bus.Batch
		for _, facts := range steps {
			b := bus.Batch{Topic: bus.TopicFacts, From: t.next, Next: t.next + int64(len(facts))}
			t.next = b.Next
			for _, f := range facts {
				m, err := bus.FactMessage(f)
				if err != nil {
					return 0, nil, err
				}
				b.Records = append(b.Records, bus.Record{Topic: m.Topic, Key: m.Key, Kind: m.Kind, Source: f.Source, Seq: f.Seq, Time: f.At, Body: m.Body})
			}
			batches = append(batches, b)
		}
		return len(batches) * batchSize, func(ctx context.Context) error {
			for _, b := range batches {
				if err := t.handler.Handle(ctx, b); err != nil {
					return err
				}
			}
			return nil
		}, nil
	})
}

// decided decides on as many transitions, often, and takes for their CPU time the share
// of samples with a frame of the table's in them.
func (t *table) decided(ctx context.Context, _ int) (Sample, error) {
	steps, err := groupOfFacts()
	if err != nil {
		return Sample{}, err
	}
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		return Sample{}, fmt.Errorf("start the profile: %w", err)
	}
	times := t.env.scale(tableGroups * tableTimes)
	s, err := t.env.timed(ctx, times*lifeLength*batchSize, func(context.Context) error { return decideAll(steps, times) })
	pprof.StopCPUProfile()
	if err != nil {
		return s, err
	}
	within, all, err := tableSamples(profile.Bytes())
	if err != nil {
		return s, err
	}
	if all == 0 {
		return s, errors.New("the profile has no samples")
	}
	t.notes = []string{fmt.Sprintf("looplab/fsm is in %d of %d samples while facts are decided, at %.1f µs CPU each", within, all, 1e6*s.CPUEach())}
	s.CPU *= float64(max(within, 1)) / float64(all)
	return s, nil
}

// decideAll folds the facts of all swaps, so many times.
func decideAll(steps [][]swap.Fact, times int) error {
	for range times {
		cases := map[string]statemachine.Case{}
		for _, facts := range steps {
			for _, f := range facts {
				folded, err := rules.Fold(f.SwapID, cases[f.SwapID], []swap.Fact{f})
				if err != nil {
					return err
				}
				cases[f.SwapID] = statemachine.Case{Swap: folded.Swap}
			}
		}
	}
	return nil
}
