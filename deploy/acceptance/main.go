// Acceptance plays the scenarios of package features on every kind of deployment and
// prints what became of each, or removes one policy row after another and prints which
// scenarios failed without it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"ferry/deploy/acceptance/features"
	"ferry/deploy/acceptance/mutation"
	"ferry/deploy/acceptance/nodes"
	"ferry/deploy/acceptance/scenario"
	"ferry/deploy/acceptance/simulated"
)

// options are the command line's.
type options struct {
	drivers, only, row string
	mutate             bool
	nodes              nodes.Config
}

func main() {
	var o options
	flag.StringVar(&o.drivers, "drivers", "simulated,nodes", "kinds of deployment to play on")
	flag.StringVar(&o.only, "only", "", "play only scenarios whose names, features or tags hold this")
	flag.BoolVar(&o.mutate, "mutate", false, "remove one policy row after another, and play on the simulated driver")
	flag.StringVar(&o.row, "row", "", "with -mutate: remove only the rows whose names hold this")
	flag.StringVar(&o.nodes.Root, "root", ".ferry/acceptance", "folder of everything the cluster keeps; emptied first")
	flag.StringVar(&o.nodes.Bin, "bin", ".ferry/bin", "folder of the built programs and nodes")
	flag.StringVar(&o.nodes.API, "api", "127.0.0.1:18090", "address of the cluster's public API, on the loopback interface")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "acceptance:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) error {
	all, err := scenario.Load(features.Files)
	if err != nil {
		return err
	}
	if o.mutate {
		return mutate(ctx, o, all, out)
	}
	all = slices.DeleteFunc(all, func(s scenario.Scenario) bool {
		return !strings.Contains(strings.Join(append([]string{s.Name, s.Feature}, append(s.Rows, s.Cases...)...), "\n"), o.only)
	})
	t := table{out: out, began: time.Now()}
	var errs []error
	for _, name := range strings.Split(o.drivers, ",") {
		errs = append(errs, t.drive(ctx, o, name, all))
	}
	t.close(all)
	return errors.Join(append(errs, t.verdict(), ctx.Err())...)
}

// drive plays on one driver.
func (t *table) drive(ctx context.Context, o options, name string, all []scenario.Scenario) error {
	var d scenario.Driver
	closing := func() error { return nil }
	switch name {
	case "simulated":
		d = simulated.Driver{}
	case "nodes":
		fmt.Fprintln(t.out, "starting a cluster on real nodes, and giving it money")
		c, err := nodes.Start(ctx, o.nodes)
		if err != nil {
			return err
		}
		d, closing = c, c.Close
	default:
		return fmt.Errorf("driver %q is neither simulated nor nodes", name)
	}
	t.results = append(t.results, scenario.Run(ctx, d, all, t.line)...)
	return closing()
}

func mutate(ctx context.Context, o options, all []scenario.Scenario, out io.Writer) error {
	rows := slices.DeleteFunc(mutation.Rows(), func(r mutation.Row) bool { return !strings.Contains(r.Name, o.row) })
	began, held := time.Now(), 0
	err := mutation.Run(ctx, ".", rows, all, func(f mutation.Found) {
		if f.Good() {
			held++
		}
		found(out, f)
	})
	fmt.Fprintf(out, "%d of %d rows are held by their scenarios; %s\n", held, len(rows), time.Since(began).Round(time.Second))
	return err
}
