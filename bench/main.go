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

	"ferry/deploy/parts"
)

// kafkaCommand is the word by which this program runs itself as the broker.
const kafkaCommand = "kafka"

// Limits of a run: a machine that is too slow for them measures nothing of use.
const (
	wholeLimit = 15 * time.Minute
	quickLimit = 7 * time.Minute
	stopLimit  = 30 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) > 1 && os.Args[1] == kafkaCommand {
		exit(runKafka(ctx, os.Args[2:]))
	}
	if len(os.Args) > 1 && os.Args[1] == playCommand {
		exit(runPlay(ctx, os.Stdin, os.Stdout))
	}
	misses, err := run(ctx, os.Args[1:], os.Getenv("BENCH"), os.Stdout, os.Stderr)
	if err == nil && misses > 0 {
		err = fmt.Errorf("%d rows miss their goals", misses)
	}
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runKafka is the child's part of parts.StartKafka.
func runKafka(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet(kafkaCommand, flag.ContinueOnError)
	dir := flags.String("dir", "", "folder of the data")
	port := flags.Int("port", 0, "port on 127.0.0.1")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%s: %w", kafkaCommand, err)
	}
	return parts.RunKafka(ctx, parts.KafkaConfig{Dir: *dir, Port: *port})
}

// run measures and reports. It returns how many rows miss their goals; a quick run
// is too short to say so of any.
func run(ctx context.Context, args []string, mode string, table, progress io.Writer) (int, error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	quick := flags.Bool("quick", mode == "quick", "one short round of each row (also BENCH=quick)")
	only := flags.String("rows", "", "names of the rows to run, with commas; all if empty")
	root := flags.String("root", ".ferry/bench", "folder for the parts' data while they run")
	out := flags.String("out", "bench/out", "folder for the report, a JSON file")
	if err := flags.Parse(args); err != nil {
		return 0, fmt.Errorf("read the flags: %w", err)
	}
	chosen, err := choose(*only, *quick)
	if err != nil {
		return 0, err
	}
	limit := wholeLimit
	if *quick {
		limit = quickLimit
	}
	for _, row := range chosen {
		limit += row.Lasts
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	report, err := measureAll(ctx, *root, *out, *quick, chosen, progress)
	if err != nil {
		return 0, err
	}
	path, err := report.save(*out)
	if err != nil {
		return 0, err
	}
	if err := report.print(table); err != nil {
		return 0, err
	}
	fmt.Fprintln(table, "written to", path)
	if *quick {
		return 0, nil
	}
	return report.misses(), nil
}

// choose finds the rows that are named; if none is, all but those that have to be, or are slow.
func choose(names string, quick bool) ([]Row, error) {
	if names == "" {
		return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Named || quick && r.Slow }), nil
	}
	var chosen []Row
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(rows, func(r Row) bool { return r.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no row %.40q", name)
		}
		chosen = append(chosen, rows[i])
	}
	return chosen, nil
}

// measureAll runs the rows one after the other on parts of their own.
func measureAll(ctx context.Context, root, out string, quick bool, chosen []Row, progress io.Writer) (report Report, err error) {
	env, err := open(ctx, root, out, quick)
	if err != nil {
		return report, err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
		defer cancel()
		err = errors.Join(err, env.close(closing))
	}()
	report = newReport(env)
	start := time.Now()
	for _, row := range chosen {
		fmt.Fprintf(progress, "%s: %s\n", row.Name, row.What)
		result, err := measure(ctx, env, row, progress)
		if err != nil {
			return report, err
		}
		report.Rows = append(report.Rows, result)
	}
	fmt.Fprintf(progress, "measured in %s\n", time.Since(start).Round(time.Second))
	return report, nil
}
