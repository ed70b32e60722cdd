package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
)

const (
	// wholeSwaps are taken from creation to settlement, half of them each way.
	wholeSwaps = 600
	// wholeClients create swaps at a time.
	wholeClients = 16
	// blockEvery is the pace of both fake chains, confirmationsNeeded how deep
	// deposits and payments have to be.
	blockEvery          = 250 * time.Millisecond
	confirmationsNeeded = 2
)

func init() {
	register(Row{
		Number: 8, Name: "swaps",
		What: fmt.Sprintf("whole swaps, created to settled, both ways (%d clients)", wholeClients),
		Unit: "swaps", Rounds: 1, Prepare: prepareWhole,
	})
}

func prepareWhole(_ context.Context, env *Env) (*Trial, error) {
	w := &whole{env: env}
	return &Trial{Subject: Side{Name: "all parts in one process", Run: w.run}, Notes: func() []string { return w.notes }}, nil
}

type whole struct {
	env   *Env
	notes []string
}

// run builds a cluster in this process, settles swaps on it, and takes it down. The
// rate is that of the middle four fifths: filling and emptying the pipeline takes
// as long as a few blocks, however many swaps there are.
func (h *whole) run(ctx context.Context, _ int) (s Sample, err error) {
	n := h.env.scale(wholeSwaps)
	c, err := newCluster(ctx, h.env, n)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	requests, err := c.requests(n)
	if err != nil {
		return s, err
	}
	shares, err := startShares(ctx, h.env, "swaps")
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, shares.close(ctx)) }()
	settled, err := c.settle(ctx, requests)
	if err != nil {
		return s, err
	}
	used, lines, err := shares.stop(ctx, n)
	if err != nil {
		return s, err
	}
	h.notes = append(lines, fmt.Sprintf("%d swaps in %.1f s, creation of the first to settlement of the last", n, settled.all.Seconds()))
	return Sample{Operations: settled.middle, Seconds: settled.middleTook.Seconds(),
		CPU: used.total() * float64(settled.middle) / float64(n)}, nil
}

// requests are for n swaps, every other one from BTC to ETH. Quotes are made
// beforehand: pricing is not measured here.
func (c *cluster) requests(n int) ([]api.CreateSwapRequestObject, error) {
	all := make([]api.CreateSwapRequestObject, n)
	for i := range all {
		pair := asset.Pair{From: asset.BTC, To: asset.ETH}
		if i%2 == 1 {
			pair = asset.Pair{From: asset.ETH, To: asset.BTC}
		}
		var err error
		if all[i], err = c.request(pair); err != nil {
			return nil, err
		}
	}
	return all, nil
}

var (
	refund       = api.PolicyAnswer(swap.AnswerRefund)
	refundPolicy = api.PolicyRequest{OnShort: &refund, OnOver: &refund, OnLate: &refund, OnExtra: &refund}
)

// request is for a swap whose mismatches would all be refunded.
func (c *cluster) request(pair asset.Pair) (r api.CreateSwapRequestObject, err error) {
	q := newQuote(pair, time.Now())
	signed, err := swap.SignQuote(q, quoteKey)
	if err != nil {
		return r, err
	}
	back := c.wallets[q.DepositChain()].chain.NewAddress()
	return api.CreateSwapRequestObject{Params: api.CreateSwapParams{IdempotencyKey: q.ID},
		Body: &api.SwapRequest{SignedQuote: signed, Policy: refundPolicy, RefundAddress: &back,
			PayoutAddress: c.wallets[q.PayoutChain()].chain.NewAddress()}}, nil
}

// progress is how fast swaps settled.
type progress struct {
	all, middleTook time.Duration
	middle          int
}

// settle creates the swaps, pays their deposits, and waits until the gateway shows
// every one as settled.
func (c *cluster) settle(ctx context.Context, requests []api.CreateSwapRequestObject) (progress, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*settleTime)
	defer cancel()
	start := time.Now()
	created := make(chan error, 1)
	go func() {
		created <- inParallel(ctx, wholeClients, len(requests), func(ctx context.Context, i int) error {
			return labelled(ctx, "gateway", func(ctx context.Context) error { return c.create(ctx, requests[i], 0) })
		})
	}()
	n := len(requests)
	from, to := n/10, n-n/10
	var p progress
	var low, high time.Time
	lowCount, highCount := 0, 0
	err := waitUntil(ctx, 50*time.Millisecond, func(ctx context.Context) (bool, error) {
		if err := c.failed(); err != nil {
			return false, err
		}
		var count int
		err := c.observer.QueryRow(ctx, "SELECT count(*) FROM swap_view WHERE state = 'settled'").Scan(&count)
		if count >= from && low.IsZero() {
			low, lowCount = time.Now(), count
		}
		if count >= to && high.IsZero() {
			high, highCount = time.Now(), count
		}
		return count == n, err
	})
	if err = errors.Join(err, <-created); err != nil {
		return p, errors.Join(err, c.explain(context.WithoutCancel(ctx)))
	}
	p.all, p.middle, p.middleTook = time.Since(start), highCount-lowCount, high.Sub(low)
	if p.middle == 0 { // so few that they settled between two looks
		p.middle, p.middleTook = n, p.all
	}
	return p, nil
}

// create makes one swap as a client would, but for HTTP, and has a stranger pay for it,
// and others send so much dust.
func (c *cluster) create(ctx context.Context, r api.CreateSwapRequestObject, dust int) error {
	response, err := c.gateway.CreateSwap(ctx, r)
	if err != nil {
		return fmt.Errorf("create a swap: %w", err)
	}
	made, ok := response.(api.CreateSwap201JSONResponse)
	if !ok {
		return fmt.Errorf("create a swap: answered %T", response)
	}
	a, known := asset.Lookup(asset.ID(made.DepositAsset))
	if !known {
		return fmt.Errorf("create a swap: deposit in %s", made.DepositAsset)
	}
	c.wallets[a.Chain].pay(made.DepositAddress, dust)
	return nil
}

// explain says where swaps stand when a round does not end.
func (c *cluster) explain(ctx context.Context) error {
	var states string
	err := c.observer.QueryRow(ctx, `SELECT coalesce(string_agg(state || ' ' || n, ', '), 'none')
		FROM (SELECT state, count(*) AS n FROM swap_view GROUP BY state) AS s`).Scan(&states)
	if err != nil {
		return fmt.Errorf("look where swaps stand: %w", err)
	}
	return fmt.Errorf("swaps stand at: %s", states)
}
