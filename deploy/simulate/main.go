// Simulate plays seeds of package simulation on all cores and prints what came of
// them. Of a seed in which an invariant did not hold it prints the story and the one
// command that plays it again.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"ferry/deploy/simulate/simulation"
)

// gcPercent trades memory, of which a seed needs little, for time.
const gcPercent = 800

func main() {
	debug.SetGCPercent(gcPercent)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ok := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) bool {
	flags := flag.NewFlagSet("simulate", flag.ContinueOnError)
	flags.SetOutput(out)
	seeds := flags.Uint64("seeds", 1000, "how many seeds to play")
	first := flags.Uint64("first", 0, "the first of them")
	seed := flags.Int64("seed", -1, "play this one seed and print its story")
	bug := flags.String("bug", "", "plant a bug and look for it: see simulation.Bugs")
	every := flags.Duration("every", 5*time.Second, "how often progress is printed")
	if err := flags.Parse(args); err != nil {
		return false
	}
	if *seed >= 0 {
		r := simulation.Run(ctx, uint64(*seed), simulation.Options{Bug: simulation.Bug(*bug)})
		tell(out, r, *bug)
		return r.Broken == ""
	}
	b := batch{first: *first, seeds: *seeds, bug: simulation.Bug(*bug), workers: runtime.GOMAXPROCS(0), every: *every, out: out}
	s := b.run(ctx)
	s.print(out, b)
	return s.good(b)
}

// tell prints a seed's story and how it ended.
func tell(out io.Writer, r simulation.Result, bug string) {
	for _, line := range r.Story {
		fmt.Fprintln(out, line)
	}
	if r.Broken == "" {
		fmt.Fprintf(out, "seed %d: %d steps, %d facts, %s of virtual time: every invariant held\n", r.Seed, r.Steps, r.Facts, r.Virtual)
		return
	}
	fmt.Fprintf(out, "seed %d, step %d: %s\n", r.Seed, r.Steps, r.Broken)
	again := fmt.Sprintf("make simulate SEED=%d", r.Seed)
	if bug != "" {
		again += " BUG=" + bug
	}
	fmt.Fprintf(out, "play it again: %s\n", again)
}
