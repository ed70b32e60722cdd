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
	root, nodes, api   string
	only, point, round string
	kafka              string
	sample             int
	soak               time.Duration
	seed               uint64
}

// partial runs reach only some of the cells.
func (o options) partial() bool {
	return o.sample > 0 || o.only != "" || o.point != "" || o.round != ""
}

func main() {
	var o options
	flag.StringVar(&o.root, "root", ".ferry/sweep", "folder of everything the sweep keeps; emptied first")
	flag.StringVar(&o.nodes, "nodes", ".ferry/bin", "folder of the built btcd and geth, and of Apache Kafka")
	flag.StringVar(&o.api, "api", "127.0.0.1:18080", "address of the public API, on the loopback interface")
	flag.StringVar(&o.kafka, "kafka", "", "apache runs on Apache Kafka; otherwise it is the embedded one")
	flag.IntVar(&o.sample, "sample", 0, "how many cases of a swap in either direction to run, by lot; 0 runs every one of all scenarios")
	flag.StringVar(&o.only, "only", "", "run only scenarios whose names hold this; points are then not all reached")
	flag.StringVar(&o.point, "point", "", "run only the points whose names hold this")
	flag.StringVar(&o.round, "round", "", `run one combination of deaths: "daemon point, daemon point" in the one scenario of -only`)
	flag.DurationVar(&o.soak, "soak", time.Minute, "how long daemons are killed at random; 0 leaves it out, and so does -sample unless it is set")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the sample's lots and of the soak's order")
	flag.Parse()
	soakSet := false
	flag.Visit(func(f *flag.Flag) { soakSet = soakSet || f.Name == "soak" })
	if o.sample > 0 && !soakSet {
		o.soak = 0
	}
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
	if err := build(ctx, bin, pointTag, "./cmd/..."); err != nil {
		return err
	}
	points, err := discover(ctx, bin)
	if err != nil {
		return err
	}
	say("  %s", since(began))
	r := newReport(points)
	err = errors.Join(sweepAndBreak(ctx, o, root, bin, r), ctx.Err())
	r.print(o.partial(), time.Since(began))
	return errors.Join(err, r.verdict(o.partial()))
}

// sweepAndBreak sweeps, and runs the broken builds: after a sample on the same
// cluster, after a whole sweep, which leaves its chain halted, on one of their own.
func sweepAndBreak(ctx context.Context, o options, root, bin string, r *report) error {
	swept, own := filepath.Join(root, "cluster"), filepath.Join(root, "bin-broken")
	if err := outfit(own, bin, o.nodes); err != nil {
		return err
	}
	err := inWorld(ctx, o, swept, own, func(w *world) error {
		if err := w.sweep(ctx, o, r); err != nil || o.sample == 0 {
			return err
		}
		return w.broken(ctx, root, bin, r)
	})
	if o.sample > 0 || ctx.Err() != nil {
		return err
	}
	return errors.Join(err, inWorld(ctx, o, filepath.Join(root, "broken"), own, func(w *world) error {
		return w.broken(ctx, root, bin, r)
	}))
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
