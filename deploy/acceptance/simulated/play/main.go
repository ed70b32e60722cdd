// Play plays every scenario in this process and prints what became of each, in JSON, a
// line each. It is what the mutation run builds without one policy row after another;
// the simulation's own invariants are left alone, so that scenarios are what fails.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"ferry/deploy/acceptance/features"
	"ferry/deploy/acceptance/mutation"
	"ferry/deploy/acceptance/scenario"
	"ferry/deploy/acceptance/simulated"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "play:", err)
		os.Exit(1)
	}
}

// run ends without an error whether scenarios fail or not: that is for the reader.
func run(ctx context.Context) error {
	all, err := scenario.Load(features.Files)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	scenario.Run(ctx, simulated.Driver{Unchecked: true}, all, func(r scenario.Result) {
		if encodeErr := out.Encode(mutation.Verdict{Scenario: r.Scenario.Name, Outcome: r.Outcome, Reason: r.Reason}); encodeErr != nil && err == nil {
			err = encodeErr
		}
	})
	return err
}
