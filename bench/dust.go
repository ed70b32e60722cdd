package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ferry/swap/asset"
)

const (
	// dustSwaps are taken from creation to settlement on each side, dustDeposits is how
	// many deposits of dust each of the subject's has beside its own.
	dustSwaps    = 20
	dustDeposits = 100
	// dustUnits is what advertisers send: below the threshold of 1,000.
	dustUnits = 546
)

func init() {
	register(Row{
		Number: 20, Name: "dust", Rounds: 3, ByCPU: true, Goal: 0.5, Unit: "swaps",
		What:    fmt.Sprintf("whole swaps, each with %d deposits of dust", dustDeposits),
		Prepare: prepareDust,
	})
}

func prepareDust(_ context.Context, env *Env) (*Trial, error) {
	d := &dusted{env: env}
	return &Trial{
		Baseline: Side{Name: "the same without", Run: func(ctx context.Context, _ int) (Sample, error) { return d.run(ctx, 0) }},
		Subject:  Side{Name: "all parts in one process", Run: func(ctx context.Context, _ int) (Sample, error) { return d.run(ctx, env.scale(dustDeposits)) }},
		Notes:    func() []string { return d.notes },
	}, nil
}

type dusted struct {
	env   *Env
	notes []string
}

// run settles swaps from BTC to ETH on a cluster in this process, and waits until all of
// their dust is judged. What the fake chains use is a node's, and is left out.
func (d *dusted) run(ctx context.Context, dust int) (s Sample, err error) {
	n := d.env.scale(dustSwaps)
	c, err := newCluster(ctx, d.env, n)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	shares, err := startShares(ctx, d.env, fmt.Sprintf("dust-%d", dust))
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, shares.close(ctx)) }()
	began := time.Now()
	if err := c.dusty(ctx, n, dust); err != nil {
		return s, err
	}
	took := time.Since(began)
	used, lines, err := shares.stop(ctx, n)
	if err != nil {
		return s, err
	}
	d.notes = lines // the subject's, which comes last
	return Sample{Operations: n, Seconds: took.Seconds(), CPU: used.total() - shares.code[chainPart]}, nil
}

// dusty makes n swaps, whose addresses have dust sent to them, and settles them.
func (c *cluster) dusty(ctx context.Context, n, dust int) error {
	ctx, cancel := context.WithTimeout(ctx, 4*settleTime)
	defer cancel()
	err := inParallel(ctx, wholeClients, n, func(ctx context.Context, _ int) error {
		r, err := c.request(asset.Pair{From: asset.BTC, To: asset.ETH})
		if err != nil {
			return err
		}
		return labelled(ctx, "gateway", func(ctx context.Context) error { return c.create(ctx, r, dust) })
	})
	if err != nil {
		return err
	}
	err = waitUntil(ctx, 50*time.Millisecond, func(ctx context.Context) (bool, error) {
		if err := c.failed(); err != nil {
			return false, err
		}
		var settled, judged int
		if err := c.observer.QueryRow(ctx, "SELECT count(*) FROM swap_view WHERE state = 'settled'").Scan(&settled); err != nil {
			return false, err
		}
		err := c.swaps.QueryRow(ctx, "SELECT count(*) FROM deposit WHERE verdict = 'dust'").Scan(&judged)
		return settled == n && judged == n*dust, err
	})
	if err != nil {
		return errors.Join(err, c.explain(context.WithoutCancel(ctx)))
	}
	return nil
}
