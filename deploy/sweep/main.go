package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"ferry/deploy/parts"
	"ferry/swap/asset"
)

// options are the command line's.
type options struct {
	root, nodes        string
	api, otherAPI      string
	only, point, round string
	kafka              string
	sample             int
	soak               time.Duration
	seed               uint64
	broken             bool
}

// partial runs reach only some of the cells.
func (o options) partial() bool {
	return !o.broken || o.sample > 0 || o.only != "" || o.point != "" || o.round != ""
}

func main() {
	var o options
	flag.StringVar(&o.root, "root", ".ferry/sweep", "folder of everything the sweep keeps; emptied first")
	flag.StringVar(&o.nodes, "nodes", ".ferry/bin", "folder of the built btcd and geth, and of Apache Kafka")
	flag.StringVar(&o.api, "api", "127.0.0.1:18080", "address of the public API, on the loopback interface")
	flag.StringVar(&o.otherAPI, "other-api", "127.0.0.1:18081", "that of the swaps in the other direction, which run beside")
	flag.StringVar(&o.kafka, "kafka", "", "apache runs on Apache Kafka; otherwise it is the embedded one")
	flag.IntVar(&o.sample, "sample", 0, "how many cases of a swap in either direction to run, by lot; 0 runs every one of all scenarios")
	flag.StringVar(&o.only, "only", "", "run only scenarios whose names hold this; points are then not all reached")
	flag.StringVar(&o.point, "point", "", "run only the points whose names hold this")
	flag.StringVar(&o.round, "round", "", `run one combination of deaths: "daemon point, daemon point" in the one scenario of -only`)
	flag.DurationVar(&o.soak, "soak", time.Minute, "how long daemons are killed at random; 0 leaves it out, and so does -sample unless it is set")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the sample's lots and of the soak's order")
	flag.BoolVar(&o.broken, "broken", true, "run what the builds that are broken on purpose can't survive, too")
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

// sweepAndBreak sweeps both directions, each in a world of its own beside the
// other's, and then runs the broken builds in a third.
func sweepAndBreak(ctx context.Context, o options, root, bin string, r *report) error {
	own := filepath.Join(root, "bin-linked")
	if err := outfit(own, bin, o.nodes); err != nil {
		return err
	}
	all := chosen(o)
	if len(all) == 0 || o.round != "" && len(all) != 1 {
		return fmt.Errorf("-only leaves %d scenarios; there must be one, and with -round only one", len(all))
	}
	err := each(func(pair asset.Pair) error {
		half, ours := o.in(pair, all)
		if len(ours) == 0 {
			return nil
		}
		return inWorld(ctx, half, arrow(pair), filepath.Join(root, worlds[pair]), own, func(w *world) error {
			return w.sweep(ctx, half, ours, r)
		})
	})
	if r.whole = o.broken; ctx.Err() != nil || !o.broken {
		return err
	}
	return errors.Join(err, inWorld(ctx, o, "broken", filepath.Join(root, "broken"), own, func(w *world) error {
		return w.broken(ctx, root, bin, r)
	}))
}

// in is what one direction's world has to do. The soak, with swaps in both, is for
// the world with less to do.
func (o options) in(pair asset.Pair, all []scenario) (half options, ours []scenario) {
	other := func(s scenario) bool { return s.home() != pair }
	ours = slices.DeleteFunc(slices.Clone(all), other)
	half = o
	half.sample = (o.sample + 1) / 2
	if pair == toCoins {
		half.api, half.sample = o.otherAPI, o.sample/2
	} else if slices.ContainsFunc(all, other) {
		half.soak = 0
	}
	if o.sample > 0 && half.sample == 0 {
		ours = nil
	}
	return half, ours
}

// worlds are the folders of the directions' clusters.
var worlds = map[asset.Pair]string{toEther: "forth", toCoins: "back"}

// empty removes what an earlier sweep has left, PostgreSQL's data too where its
// user could not reach the checkout.
func empty(root string) error {
	for _, name := range []string{worlds[toEther], worlds[toCoins], "broken"} {
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
