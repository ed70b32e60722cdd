package trees_test

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

var (
	seeds = flag.Uint64("seeds", 300, "how many seeds are played")
	first = flag.Uint64("first", 0, "the first of them")
	tell  = flag.Bool("tell", false, "print what the seeds came to")
)

// Whatever tree the chain grows and whatever the feed, the node and the store do to
// the watcher, every invariant of this package holds.
func TestTrees(t *testing.T) {
	t.Parallel()
	began := time.Now()
	sum, broken := playAll(*first, *seeds, none)
	for _, w := range broken {
		t.Errorf("%s\nplay it again: make test-chains SEEDS=1 FIRST=%d", w.found, w.seed)
	}
	if *tell {
		fmt.Printf("%d seeds (from %d on): %d looks, %d blocks applied, %d taken back, %d deposits credited in the end, %d payments in tokens;\n"+
			"%d restarts, %d lies, %d answers lost, %d chains left too deep and halted; %d broken; %s\n",
			*seeds, *first, sum.steps, sum.applied, sum.rolledBack, sum.credited, sum.tokens, sum.restarts, sum.lies, sum.lost, sum.halted, len(broken),
			time.Since(began).Round(time.Second))
	}
	if sum.credited == 0 || sum.tokens == 0 || sum.rolledBack == 0 || sum.lies == 0 || sum.lost == 0 {
		t.Errorf("nothing much happened: %+v", sum)
	}
}

// within is how many seeds it may take to find a planted bug.
const within = 50

// A property that nothing can break proves nothing: each planted bug is found.
func TestPlantedBugs(t *testing.T) {
	t.Parallel()
	for _, b := range []bug{cursorFirst, heightOnly, shallow, logsOnly} {
		t.Run(string(b), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(within) {
				if w := play(seed, b); w.found != "" {
					if *tell {
						fmt.Printf("planted %-12s found by seed %d of at most %d: %s\n", b, seed, within, w.found)
					}
					return
				}
			}
			t.Fatalf("not found within %d seeds", within)
		})
	}
}

// A seed is the same each time.
func TestSeedsRepeat(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		if a, b := play(seed, none), play(seed, none); a.counts != b.counts || a.store.top() != b.store.top() {
			t.Fatalf("seed %d: %+v and %+v", seed, a.counts, b.counts)
		}
	}
}

// result is a broken seed.
type result struct {
	seed  uint64
	found failure
}

// brokenMost bounds what is told.
const brokenMost = 5

func playAll(from, n uint64, b bug) (sum counts, broken []result) {
	var mu sync.Mutex
	var workers sync.WaitGroup
	next := make(chan uint64)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for seed := range next {
				w := play(seed, b)
				mu.Lock()
				sum.add(w.counts)
				if w.found != "" && len(broken) < brokenMost {
					broken = append(broken, result{seed, w.found})
				}
				mu.Unlock()
			}
		})
	}
	for seed := from; seed < from+n; seed++ {
		next <- seed
	}
	close(next)
	workers.Wait()
	return sum, broken
}

func (c *counts) add(o counts) {
	c.steps += o.steps
	c.applied += o.applied
	c.rolledBack += o.rolledBack
	c.credited += o.credited
	c.tokens += o.tokens
	c.restarts += o.restarts
	c.lies += o.lies
	c.lost += o.lost
	c.halted += o.halted
}
