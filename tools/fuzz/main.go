package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// settings are what the flags say.
type settings struct {
	root, cache string
	each        time.Duration
	workers     int
	only        *regexp.Regexp
	keep        int
	out         io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	s := settings{out: out}
	flags := flag.NewFlagSet("fuzz", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&s.root, "root", ".", "the module's folder")
	flags.StringVar(&s.cache, "cache", ".ferry/fuzz", "where inputs are kept between runs")
	flags.DurationVar(&s.each, "time", time.Minute, "how long each target runs")
	flags.IntVar(&s.workers, "workers", 1, "how many inputs are tried at once")
	flags.IntVar(&s.keep, "keep", 0, "how many inputs of each target to copy to testdata/fuzz")
	only := flags.String("only", "", "run the targets whose package and name match, such as 'bitcoin FuzzReadBlock'")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	if s.only, err = regexp.Compile(*only); err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if s.each <= 0 || s.workers < 1 || s.keep < 0 {
		return errors.New("-time and -workers must be above zero, -keep not below")
	}
	for _, path := range []*string{&s.root, &s.cache} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	return s.all(ctx)
}

// all runs every target that is asked for, also after one has failed.
func (s settings) all(ctx context.Context) error {
	packages, err := s.find()
	if err != nil {
		return err
	}
	ran, failed := 0, 0
	var executions int64
	for _, p := range packages {
		if err := s.build(ctx, p); err != nil {
			return err
		}
		for _, target := range p.targets {
			n, err := s.fuzz(ctx, p, target)
			if ctx.Err() != nil {
				return errors.New("interrupted")
			}
			ran, executions = ran+1, executions+n
			verdict := "ok"
			if err != nil {
				failed++
				verdict = "FAILED: " + err.Error()
			}
			fmt.Fprintf(s.out, "%-36s %-24s %12d executions  %s\n", p.path, target, n, verdict)
			if err := s.copyCorpus(p, target); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(s.out, "%d fuzzers, %s each, %d executions, %d failed\n", ran, s.each, executions, failed)
	if failed > 0 || ran == 0 {
		return fmt.Errorf("%d of %d fuzzers failed", failed, ran)
	}
	return nil
}
