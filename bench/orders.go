package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"time"

	"ferry/hotwallet/reconcile"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

const (
	// ordersEach are given to each of two chains' hot wallets at once, by ordersCallers.
	ordersEach    = 500
	ordersCallers = 8
	// ordersLook is how often reservations are compared with what is held.
	ordersLook = 20 * time.Millisecond
	// ordersWait bounds how long it takes to pay all.
	ordersWait = 3 * time.Minute
)

func init() {
	register(Row{
		Number: 36, Name: "orders", Slow: true, Rounds: 1, Goal: 1, Unit: "units",
		What: fmt.Sprintf("%d orders at once on each of two chains, money for half of them, then for all: what is held, to the most that was reserved or paid at any look", ordersEach),
		Prepare: func(_ context.Context, env *Env) (*Trial, error) {
			o := &orders{env: env}
			return &Trial{Baseline: limits, Subject: Side{Name: "what is reserved of it", Run: o.round}, Notes: func() []string { return o.notes }}, nil
		},
	})
}

// orders is the row with what its rounds found.
type orders struct {
	env   *Env
	notes []string
}

// round has two hot wallets on a schema of their own pay many orders, of which they can
// pay half until more comes. Its seconds are the greatest share of what was held at a look
// that was reserved or paid then.
func (o *orders) round(ctx context.Context, n int) (s Sample, err error) {
	ctx, cancel := context.WithTimeout(ctx, ordersWait)
	defer cancel()
	// That payments wait for funds is logged as an error, and here is the plan.
	quiet := *o.env
	quiet.Log = slog.New(slog.DiscardHandler)
	p, err := newPayers(ctx, &quiet)
	o.env.schemas = quiet.schemas
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	each := o.env.scale(ordersEach)
	for _, w := range p.all {
		if err := w.payInFor(ctx, each/2); err != nil {
			return s, err
		}
	}
	began := time.Now()
	if err := p.accept(ctx, each); err != nil {
		return s, err
	}
	accepted := time.Since(began)
	// Most of those there is money for: fees and coins too small for one are left over.
	if err := p.handedIn(ctx, each/2*3/4); err != nil {
		return s, err
	}
	half := time.Since(began)
	for _, w := range p.all {
		if err := w.payInFor(ctx, each); err != nil {
			return s, err
		}
	}
	if err := p.handedIn(ctx, each); err != nil {
		return s, err
	}
	o.notes = append(o.notes, fmt.Sprintf("round %d: %d orders accepted in %s, most of those there was money for handed in after %s, all after %s; %d looks",
		n+1, 2*each, accepted.Round(time.Millisecond), half.Round(time.Millisecond), time.Since(began).Round(time.Millisecond), p.looks))
	return Sample{Operations: 1, Seconds: p.most, CPU: p.most}, p.paid(ctx)
}

// accept gives each wallet n orders: of each of several partitions a batch, all at once.
func (p *payers) accept(ctx context.Context, n int) error {
	type part struct {
		to    *payer
		batch bus.Batch
	}
	var all []part
	for _, w := range p.all {
		made, err := w.order(ctx, n)
		if err != nil {
			return err
		}
		for i, some := range slices.Collect(slices.Chunk(made, (n+ordersCallers-1)/ordersCallers)) {
			b, err := batchOf(int32(i), 0, some)
			if err != nil {
				return err
			}
			all = append(all, part{to: w, batch: b})
		}
	}
	return inParallel(ctx, len(all), len(all), func(ctx context.Context, i int) error { return all[i].to.orders.Handle(ctx, all[i].batch) })
}

// handedIn waits until each wallet has handed in n payments, and looks meanwhile.
func (p *payers) handedIn(ctx context.Context, n int) error {
	return waitUntil(ctx, ordersLook, func(ctx context.Context) (bool, error) {
		if err := p.failed(); err != nil {
			return false, err
		}
		least := n
		for _, w := range p.all {
			handed, used, err := w.look(ctx)
			if err != nil {
				return false, err
			}
			least, p.most = min(least, handed), max(p.most, used)
		}
		p.looks++
		return least >= n, nil
	})
}

// committed is what payments have reserved or paid, with their fees, and how many are
// with a node.
const committed = `SELECT count(*) FILTER (WHERE p.state IN ('broadcast', 'confirmed', 'final')), coalesce(sum(p.units + a.fee), 0)
	FROM payment p
	JOIN LATERAL (SELECT fee FROM attempt WHERE batch_id = p.batch_id AND state <> 'dropped' ORDER BY n DESC LIMIT 1) a ON true
	WHERE p.chain = $1`

// look fails where more is reserved or paid than was ever held, or more reserved than is
// on the chain. It returns how many payments are handed in and the share that is used.
func (w *payer) look(ctx context.Context) (handed int, used float64, err error) {
	var sum asset.Units
	if err := w.pool.QueryRow(ctx, committed, w.name).Scan(&handed, &sum); err != nil {
		return 0, 0, fmt.Errorf("look what %s has reserved: %w", w.name, err)
	}
	if w.held.Less(sum) {
		return 0, 0, fmt.Errorf("overdrawn: %s of %s are reserved or paid on %s", sum, w.held, w.name)
	}
	b, err := w.house.Balances(ctx)
	if err != nil {
		return 0, 0, err
	}
	if b[0].Reserved.Big().Cmp(b[0].OnChain) > 0 {
		return 0, 0, fmt.Errorf("overdrawn: %s are reserved of %s on %s", b[0].Reserved, b[0].OnChain, w.name)
	}
	used, _ = new(big.Rat).SetFrac(sum.Big(), w.held.Big()).Float64()
	return handed, used, nil
}

// usedTwice counts coins that plans of several batches spend.
const usedTwice = `SELECT count(*) FROM (
	SELECT 1 FROM attempt a JOIN batch b USING (batch_id), jsonb_array_elements(coalesce(a.plan->'coins', '[]')) c
	WHERE b.chain = $1 AND a.state <> 'dropped'
	GROUP BY c->>'txid', c->>'index' HAVING count(DISTINCT batch_id) > 1) twice`

// paid asks each chain whether every order was paid, exactly and once, when all is mined.
func (p *payers) paid(ctx context.Context) error {
	for _, w := range p.all {
		var twice int
		if err := w.pool.QueryRow(ctx, usedTwice, w.name).Scan(&twice); err != nil {
			return fmt.Errorf("look for coins used twice: %w", err)
		}
		if twice > 0 {
			return fmt.Errorf("overdrawn: %d coins of %s are spent by several batches", twice, w.name)
		}
		if err := waitUntil(ctx, blockEvery, func(context.Context) (bool, error) { return len(w.chain.Unconfirmed()) == 0, p.failed() }); err != nil {
			return err
		}
		if result, err := reconcile.Check(ctx, w.store, w.chain, slog.New(slog.DiscardHandler)); err != nil || result == reconcile.Different {
			return fmt.Errorf("books and node of %s: %s, %w", w.name, result, err)
		}
		for _, o := range w.ordered {
			if got := w.chain.Received(o.Destination); got != o.Amount.Units {
				return fmt.Errorf("%s: %s has received %s, not %s", o.ID, o.Destination, got, o.Amount.Units)
			}
		}
	}
	return nil
}
