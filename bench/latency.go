package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"ferry/liquidity"
)

const (
	// latencyWords are told a round, one each latencyEvery whether the one before has
	// been heard or not.
	latencyWords = 200_000
	latencyEvery = 10 * time.Microsecond
	latencyBeat  = 200 * time.Microsecond
	// latencySlices is how often both sides take turns in a round.
	latencySlices = 8
	// latencyQueue is how many words may wait for a venue, as frames do in feed.
	latencyQueue = 256
)

func init() {
	register(Row{
		Number: 29, Name: "tick-p99",
		What: fmt.Sprintf("the 99th percentile from the moment a word of %d venues was due, 100,000 a second, to its price", tickVenues),
		Unit: "p99 latencies", Goal: 0.5, Prepare: prepareLatency,
	})
}

// due is a word and when it was to be told.
type due struct {
	top liquidity.Top
	at  time.Time
}

func prepareLatency(ctx context.Context, env *Env) (*Trial, error) {
	market, ears, stop, err := tickMarket(ctx, time.Now)
	if err != nil {
		return nil, err
	}
	tops := tickTops(time.Now())
	n := env.scale(latencyWords) / latencySlices
	sides := [2]*heard{
		{name: "no-op", hear: func(int, liquidity.Top) {}},
		{name: "market", hear: func(venue int, t liquidity.Top) { ears[venue](t) }, waits: tickVenues * liquidity.JudgeEvery},
	}
	// Both take turns in slices of a round: what the machine does besides is the same for both,
	// and what one costs the machine is not the other's delay.
	round := func(ctx context.Context, _ int) (Sample, error) {
		for range latencySlices {
			for _, side := range sides {
				s, err := env.timed(ctx, n, func(context.Context) error { side.openLoop(n, tops); return nil })
				if err != nil {
					return s, err
				}
				side.cpu += s.CPUEach() / latencySlices
			}
		}
		_, err := market.Top(tickPair)
		return sides[0].sample(), err
	}
	return &Trial{
		Baseline: Side{Name: sides[0].name, Run: round},
		Subject:  Side{Name: sides[1].name, Run: func(context.Context, int) (Sample, error) { return sides[1].sample(), nil }},
		Notes:    func() []string { return []string{sides[0].note(), sides[1].note()} },
		Close:    stop,
	}, nil
}

// heard is one side of a round.
type heard struct {
	name string
	hear func(venue int, t liquidity.Top)
	// waits is added to each word: how long it may wait for others before the price is
	// worked out.
	waits time.Duration
	took  []time.Duration
	cpu   float64
	told  []string
}

// sample is what a round came to; the next one begins with nothing.
func (h *heard) sample() Sample {
	slices.Sort(h.took)
	p99 := h.took[len(h.took)*99/100] + h.waits
	h.told = append(h.told, fmt.Sprintf("%s (median %s)", p99.Round(time.Microsecond), (h.took[len(h.took)/2]+h.waits).Round(100*time.Nanosecond)))
	s := Sample{Operations: 1, Seconds: p99.Seconds(), CPU: h.cpu}
	h.took, h.cpu = nil, 0
	return s
}

func (h *heard) note() string { return fmt.Sprintf("p99 of each round, %s: %q", h.name, h.told) }

// openLoop tells n words to the venues in turn, each at its own time, and notes how long after
// that time each had been heard. A word that could not be told in time is late, not left out:
// time lost anywhere counts for every word that it kept waiting.
func (h *heard) openLoop(n int, tops []liquidity.Top) {
	var venues sync.WaitGroup
	took := make([][]time.Duration, tickVenues)
	words := make([]chan due, tickVenues)
	for v := range words {
		words[v] = make(chan due, latencyQueue)
		took[v] = make([]time.Duration, 0, n/tickVenues+1)
		venues.Go(func() {
			for w := range words[v] {
				h.hear(v, w.top)
				took[v] = append(took[v], time.Since(w.at))
			}
		})
	}
	// Told are all whose time has come: one who waited for 10 µs by looking at the clock
	// would take a core for it.
	beat := time.NewTicker(latencyBeat)
	defer beat.Stop()
	at := time.Now()
	for i := 0; i < n; <-beat.C {
		for ; i < n && time.Until(at) <= 0; i++ {
			words[i%tickVenues] <- due{tops[i%len(tops)], at}
			at = at.Add(latencyEvery)
		}
	}
	for _, w := range words {
		close(w)
	}
	venues.Wait()
	h.took = append(h.took, slices.Concat(took...)...)
}
