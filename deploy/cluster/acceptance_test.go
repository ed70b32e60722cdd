package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"ferry/deploy/acceptance/features"
	"ferry/deploy/acceptance/nodes"
	"ferry/deploy/acceptance/scenario"
)

// played are the acceptance scenarios that this cluster is used for besides; `make
// acceptance` plays all of them, on one of its own.
var played = []string{
	"one exact deposit settles the swap, BTC→ETH",
	"one exact deposit settles the swap, ETH→BTC",
	"after a part the user is told what is missing, BTC→ETH",
	"after a part the user is told what is missing, ETH→BTC",
	"an exchange's batch of many outputs holds one deposit",
	"one transaction pays two users' swaps",
	"dust before the deposit touches nothing, BTC→ETH",
	"half as much again goes back",
	"a wallet that lost its state has its swap back by the same request",
}

// scenarios plays a handful.
func (h *house) scenarios(ctx context.Context, t *testing.T) error {
	all, err := scenario.Load(features.Files)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(s scenario.Scenario) bool { return !slices.Contains(played, s.Name) })
	if len(all) != len(played) {
		return fmt.Errorf("%d of %d scenarios are there", len(all), len(played))
	}
	d, err := nodes.Attach(ctx, h.up, h.root, programs)
	if err != nil {
		return err
	}
	defer d.Detach()
	var errs []error
	scenario.Run(ctx, d, all, func(r scenario.Result) {
		if r.Outcome != scenario.Passed {
			errs = append(errs, fmt.Errorf("%s is %s: %s", r.Scenario.Name, r.Outcome, r.Reason))
		}
	})
	t.Logf("%d acceptance scenarios played", len(all))
	return errors.Join(errs...)
}
