package nodes

import (
	"context"
	"errors"
	"fmt"

	"ferry/deploy/cluster"
	"ferry/swap/asset"
)

// End implements scenario.World: what a scenario with the cluster to itself has brought
// about is undone, and the books have to agree after it.
func (w *world) End(ctx context.Context) error {
	if !w.exclusive {
		return nil
	}
	var errs []error
	if w.crashing != nil {
		errs = append(errs, w.crashing())
	}
	if w.refusing != nil {
		errs = append(errs, <-w.refusing)
		delete(w.down, signer)
	}
	errs = append(errs, w.comeBack(ctx))
	w.miner.release()
	for daemon := range w.down {
		errs = append(errs, w.Start(ctx, daemon))
	}
	if w.changed {
		errs = append(errs, w.redeploy(ctx, w.deploy))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, on := range cluster.DemoNetworks().Chains() {
		if err := w.goOn(ctx, on); err != nil {
			return err
		}
	}
	return w.Await(ctx, "the books to agree", func() (bool, string, error) {
		page, err := w.ferry(ctx, "books")
		if err != nil {
			page = err.Error() + "\n" + page
		}
		return err == nil, page, nil
	})
}

// comeBack takes Bitcoin back to the branch that a reorganisation has left.
func (w *world) comeBack(ctx context.Context) error {
	if w.deep == "" {
		return nil
	}
	if err := w.node.Invalidate(ctx, w.deepAt); err != nil {
		return err
	}
	return w.node.Reconsider(ctx, w.deep)
}

// goOn resumes a chain until it runs: a look at the node that began before may halt it
// once more.
func (w *world) goOn(ctx context.Context, on asset.Chain) error {
	return w.Await(ctx, fmt.Sprintf("%s to go on", on), func() (bool, string, error) {
		halted, err := w.Halted(ctx, on)
		if err == nil && halted != "" {
			err = w.Resume(ctx, on)
		}
		return err == nil && halted == "", halted, err
	})
}
