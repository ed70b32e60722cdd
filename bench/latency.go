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
	now := time.Now()
	market, ears, stop, err := tickMarket(ctx, now)
	if err != nil {
		return nil, err
	}
	tops := tickTops(now)
	n := env.scale(latencyWords)
	told := map[string][]string{}
	side := func(name string, hear func(venue int, t liquidity.Top)) Side {
		return Side{Name: name, Run: func(ctx context.Context, _ int) (Sample, error) {
			var took []time.Duration
			s, err := env.timed(ctx, n, func(context.Context) error {
				took = openLoop(n, tops, hear)
				return nil
			})
			if err != nil {
				return s, err
			}
			slices.Sort(took)
			p99 := took[len(took)*99/100]
			told[name] = append(told[name], fmt.Sprintf("%s (median %s)", p99.Round(time.Microsecond), took[len(took)/2].Round(100*time.Nanosecond)))
			_, err = market.Top(tickPair)
			return Sample{Operations: 1, Seconds: p99.Seconds(), CPU: s.CPUEach()}, err
		}}
	}
	const nothing, all = "no-op", "market"
	return &Trial{
		Baseline: side(nothing, func(int, liquidity.Top) {}),
		Subject:  side(all, func(venue int, t liquidity.Top) { ears[venue](t) }),
		Notes: func() []string {
			return []string{fmt.Sprintf("p99 of each round, %s: %q", nothing, told[nothing]), fmt.Sprintf("p99 of each round, %s: %q", all, told[all])}
		},
		Close: stop,
	}, nil
}

// openLoop tells n words to the venues in turn, each at its own time, and returns how
// long after that time each had been heard. A word that could not be told in time is
// late, not left out: time lost anywhere counts for every word that it kept waiting.
func openLoop(n int, tops []liquidity.Top, hear func(venue int, t liquidity.Top)) []time.Duration {
	var venues sync.WaitGroup
	took := make([][]time.Duration, tickVenues)
	words := make([]chan due, tickVenues)
	for v := range words {
		words[v] = make(chan due, latencyQueue)
		took[v] = make([]time.Duration, 0, n/tickVenues+1)
		venues.Go(func() {
			for w := range words[v] {
				hear(v, w.top)
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
	return slices.Concat(took...)
}
