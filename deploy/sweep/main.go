package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"ferry/deploy/parts"
)

// options are the command line's.
type options struct {
	root, nodes, api string
	only, point      string
	sample           int
	soak             time.Duration
	seed             uint64
}

// partial runs reach only some of the points.
func (o options) partial() bool { return o.sample > 0 || o.only != "" || o.point != "" }

func main() {
	var o options
	flag.StringVar(&o.root, "root", ".ferry/sweep", "folder of everything the sweep keeps; emptied first")
	flag.StringVar(&o.nodes, "nodes", ".ferry/bin", "folder of the built btcd and geth")
	flag.StringVar(&o.api, "api", "127.0.0.1:18080", "address of the public API, on the loopback interface")
	flag.IntVar(&o.sample, "sample", 0, "how many cases to run, spread over all; 0 runs every one")
	flag.StringVar(&o.only, "only", "", "run only scenarios whose names hold this; points are then not all reached")
	flag.StringVar(&o.point, "point", "", "run only the points whose names hold this")
	flag.DurationVar(&o.soak, "soak", time.Minute, "how long daemons are killed at random; 0 leaves it out")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the soak's order")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "sweep: %v\n", err)
		os.Exit(1)
	}
}

func say(format string, args ...any) { fmt.Fprintf(os.Stdout, format+"\n", args...) }

func run(ctx context.Context, o options) error {
	began := time.Now()
	root, err := filepath.Abs(o.root)
	if err != nil {
		return fmt.Errorf("find the sweep's folder: %w", err)
	}
	if err := empty(root); err != nil {
		return err
	}
	bin := filepath.Join(root, "bin")
	say("building the daemons with crash points")
	if err := build(ctx, bin, o.nodes, pointTag, "./cmd/..."); err != nil {
		return err
	}
	points, err := discover(ctx, bin)
	if err != nil {
		return err
	}
	r := &report{points: points, died: map[aim]int{}}
	sweepErr := sweep(ctx, o, filepath.Join(root, "cluster"), bin, r)
	var brokenErr error
	if ctx.Err() == nil {
		brokenErr = broken(ctx, o, root, bin, r)
	}
	r.print(o.partial(), time.Since(began))
	return errors.Join(sweepErr, brokenErr, r.verdict(o.partial()))
}

// empty removes what an earlier sweep has left, PostgreSQL's data too where its
// user could not reach the checkout.
func empty(root string) error {
	for _, name := range []string{"cluster", "broken"} {
		folder := filepath.Join(root, name)
		data := filepath.Join(folder, "pg")
		if resolved, err := filepath.EvalSymlinks(folder); err == nil {
			data = filepath.Join(resolved, "pg")
		}
		if err := errors.Join(os.RemoveAll(parts.Elsewhere(data)), os.RemoveAll(folder)); err != nil {
			return fmt.Errorf("empty the sweep's folder: %w", err)
		}
	}
	return nil
}
