package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"syscall"

	"ferry/deploy/deployment"
	"ferry/swap"
)

// Reload reads the deployment's file again at each SIGHUP and has apply take over what
// deposits need from then on. The signal is caught from this call on, before which it
// ends the process; the function that comes back does the work until its ctx ends.
//
// A file that is wrong, or whose rules apply refuses, changes nothing. Nor does what
// else is different in it: that waits for a restart. The log says which of them it was.
func Reload(s *Settings, running deployment.Deployment, log *slog.Logger, apply ...func(swap.DepositRules) error) func(context.Context) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	r := reloader{load: s.Deployment, running: running, log: log, apply: apply}
	return func(ctx context.Context) error {
		defer signal.Stop(signals)
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-signals:
				if err := r.reload(); err != nil {
					log.Error("the deployment's file was not taken over: what deposits need stays as it is", "error", err)
				}
			}
		}
	}
}

type reloader struct {
	load    func() (deployment.Deployment, error)
	running deployment.Deployment
	log     *slog.Logger
	apply   []func(swap.DepositRules) error
}

// reload takes the file over as it is now.
func (r *reloader) reload() error {
	next, err := r.load()
	if err != nil {
		return err
	}
	if !r.running.SameButDeposits(next) {
		r.log.Warn("the deployment's file has other changes too: they wait for a restart")
	}
	before, err := r.running.DepositRules()
	if err != nil {
		return err
	}
	after, err := next.DepositRules()
	if err != nil {
		return err
	}
	if err := sameChains(before, after); err != nil {
		return err
	}
	// What else is new waits: the depth from which a payment is dead follows from the
	// reorganisations that the running watcher follows, too.
	if after, err = r.running.WithDeposits(next).DepositRules(); err != nil {
		return err
	}
	if reflect.DeepEqual(before, after) {
		r.log.Info("what deposits need has not changed")
		return nil
	}
	for i, take := range r.apply {
		if err := take(after); err != nil {
			for _, back := range r.apply[:i] {
				err = errors.Join(err, back(before))
			}
			return err
		}
	}
	r.tell(before, after)
	r.keep(next)
	return nil
}

func sameChains(before, after swap.DepositRules) error {
	for chain := range before.Confirmations {
		if _, there := after.Confirmations[chain]; !there {
			return fmt.Errorf("chain %s is gone: a restart is needed", chain)
		}
	}
	if len(after.Confirmations) != len(before.Confirmations) {
		return errors.New("there is a new chain: a restart is needed")
	}
	return nil
}

// keep takes over what is judged by now, and of all else what the process started with,
// so that the next reload says again what waits.
func (r *reloader) keep(next deployment.Deployment) { r.running = r.running.WithDeposits(next) }

// tell logs what has changed, one line for each chain or asset.
func (r *reloader) tell(before, after swap.DepositRules) {
	for chain, n := range after.Confirmations {
		if was := before.Confirmations[chain]; was != n {
			r.log.Info("confirmations have changed", "chain", chain, "from", was, "to", n)
		}
	}
	for chain, n := range after.Dead {
		if was := before.Dead[chain]; was != n {
			r.log.Info("the depth of a death has changed", "chain", chain, "from", was, "to", n)
		}
	}
	for _, a := range r.running.Networks.Assets() {
		from, to := before.Of(a.ID), after.Of(a.ID)
		if from != to {
			r.log.Info("what larger deposits need has changed", "asset", a.ID, "from", from, "to", to)
		}
	}
}
