package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"syscall"
	"time"

	"ferry/deploy/simulate/simulation"
)

// brokenMost is how many broken seeds are told of and kept; more end the run.
const brokenMost = 5

// whole is how many seeds have to be played for a pair that is never visited to be
// a fault of the table or of the simulation, and no matter of luck.
const whole = 10_000

// batch is a run of many seeds.
type batch struct {
	first, seeds uint64
	bug          simulation.Bug
	workers      int
	every        time.Duration
	out          io.Writer
}

// sum is what the seeds came to.
type sum struct {
	played, facts, fewest int
	steps                 int
	stranded, anew        []uint64
	virtual, real, cpu    time.Duration
	pairs                 map[simulation.Pair]int
	broken                []simulation.Result
}

func (b batch) run(ctx context.Context) *sum {
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	s := &sum{pairs: map[simulation.Pair]int{}}
	began, cpu := time.Now(), used()
	next, results := make(chan uint64), make(chan simulation.Result)
	go func() {
		defer close(next)
		for seed := b.first; seed < b.first+b.seeds; seed++ {
			select {
			case next <- seed:
			case <-ctx.Done():
				return
			}
		}
	}()
	var workers sync.WaitGroup
	for range b.workers {
		workers.Go(func() {
			for seed := range next {
				results <- simulation.Run(ctx, seed, simulation.Options{Bug: b.bug})
			}
		})
	}
	go func() {
		workers.Wait()
		close(results)
	}()
	ticker := time.NewTicker(b.every)
	defer ticker.Stop()
	for {
		select {
		case r, more := <-results:
			if !more {
				s.real, s.cpu = time.Since(began), used()-cpu
				return s
			}
			s.add(r)
			if r.Broken != "" && len(s.broken) <= brokenMost {
				tell(b.out, r, string(b.bug))
			}
			if len(s.broken) == brokenMost || r.Broken != "" && b.bug != simulation.BugNone {
				enough()
			}
		case <-ticker.C:
			fmt.Fprintf(b.out, "%d of %d seeds, %d facts, %d pairs, %d broken, %s\n",
				s.played, b.seeds, s.facts, len(s.pairs), len(s.broken), time.Since(began).Round(time.Second))
		}
	}
}

func (s *sum) add(r simulation.Result) {
	if s.played == 0 || r.Facts < s.fewest {
		s.fewest = r.Facts
	}
	s.played++
	s.facts += r.Facts
	s.steps += r.Steps
	if r.Stranded > 0 {
		s.stranded = append(s.stranded, r.Seed)
	}
	if r.Anew > 0 {
		s.anew = append(s.anew, r.Seed)
	}
	s.virtual += r.Virtual
	for pair, n := range r.Pairs {
		s.pairs[pair] += n
	}
	if r.Broken != "" {
		r.Log, r.States = nil, nil
		s.broken = append(s.broken, r)
	}
}

// used is the processor's time that this process has taken.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (s *sum) print(out io.Writer, b batch) {
	visited, missed, unexpected := simulation.Compare(s.pairs)
	fmt.Fprintf(out, "seeds            %d (from %d on), %d steps\n", s.played, b.first, s.steps)
	fmt.Fprintf(out, "facts            %d, at least %d a seed, %.0f a CPU second\n", s.facts, s.fewest, float64(s.facts)/max(s.cpu.Seconds(), 0.001))
	fmt.Fprintf(out, "time             %s virtual in %s (%s of CPU): %.0f × real time\n", s.virtual.Round(time.Hour), s.real.Round(time.Second),
		s.cpu.Round(time.Second), s.virtual.Seconds()/max(s.real.Seconds(), 0.001))
	fmt.Fprintf(out, "pairs            %d of %d declared were visited\n", visited, visited+len(missed))
	for _, pair := range s.rarest() {
		fmt.Fprintf(out, "  %-14s %s\n", fmt.Sprintf("%d times", s.pairs[pair]), pair)
	}
	for _, pair := range missed {
		fmt.Fprintf(out, "  never visited  %s\n", pair)
	}
	for _, pair := range unexpected {
		fmt.Fprintf(out, "  not declared   %s (%d times)\n", pair, s.pairs[pair])
	}
	fmt.Fprintf(out, "made anew        in %d seeds a payment whose coin was gone for good %v\n", len(s.anew), s.anew)
	fmt.Fprintf(out, "stranded         in %d seeds a payment waits for a coin that is gone for good (docs/simulation.md) %v\n", len(s.stranded), s.stranded)
	fmt.Fprintf(out, "broken           %d\n", len(s.broken))
	if len(s.broken) > 0 {
		var seeds []uint64
		for _, r := range s.broken {
			seeds = append(seeds, r.Seed)
		}
		slices.Sort(seeds)
		fmt.Fprintf(out, "  seeds          %v\n", seeds)
	}
}

// rareMost is how many of the pairs that were seldom visited are printed.
const rareMost = 12

func (s *sum) rarest() []simulation.Pair {
	pairs := slices.SortedFunc(maps.Keys(s.pairs), func(a, b simulation.Pair) int {
		return cmp.Or(s.pairs[a]-s.pairs[b], cmp.Compare(a.String(), b.String()))
	})
	return pairs[:min(len(pairs), rareMost)]
}

// good tells whether the run shows what it should: no broken seed, and in a whole
// run every declared pair visited and no other.
func (s *sum) good(b batch) bool {
	_, missed, unexpected := simulation.Compare(s.pairs)
	return len(s.broken) == 0 && uint64(s.played) == b.seeds && len(unexpected) == 0 && (s.played < whole || len(missed) == 0)
}
