package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/deploy/deployment"
	"ferry/swap"
	"ferry/swap/asset"
)

const (
	// windowMillis is how long payments in coins are gathered, so that one transaction
	// pays several.
	windowMillis = 300
	// bidWithin is how long a payment that no block takes has until it offers all that it
	// may, bidEvery how far apart two offers are.
	bidWithin = "20s"
	bidEvery  = "4s"
	// batched is how many swaps are paid by one transaction.
	batched = 3
)

// gathering has payments in coins wait for one another.
func gathering(c deployment.Chain) deployment.Chain {
	c.BatchWindowMillis = windowMillis
	return c
}

// outbid is a swap whose payout no block takes until it has offered more.
func outbid(ctx context.Context, w *world) error {
	t, err := w.begin(ctx, toCoins)
	if err != nil {
		return err
	}
	if err := w.quiet(ctx); err != nil {
		return err
	}
	resume := w.miner.passOver()
	defer resume()
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	if err := w.attempted(ctx, t, 2); err != nil {
		return err
	}
	resume()
	return w.settle(ctx, t)
}

// batch are swaps whose payouts one transaction makes: they are held up until all are
// ordered.
func batch(ctx context.Context, w *world) error {
	var trips []*trip
	for range batched {
		t, err := w.begin(ctx, toCoins)
		if err != nil {
			return err
		}
		trips = append(trips, t)
	}
	if err := w.operate(ctx, "halt", asset.Bitcoin); err != nil {
		return err
	}
	var orders []string
	for _, t := range trips {
		if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
			return err
		}
		orders = append(orders, swap.PayoutOrderID(t.id()))
	}
	err := until(ctx, swapLimit, "the payouts to be ordered", func() (bool, string, error) {
		n, err := w.counted(ctx, `SELECT count(*) FROM hotwallet.payment WHERE order_id = ANY ($1)`, orders)
		if err != nil {
			return later(err)
		}
		return n == batched, fmt.Sprintf("%d are", n), nil
	})
	if err != nil {
		return err
	}
	if err := w.operate(ctx, "resume", asset.Bitcoin); err != nil {
		return err
	}
	for _, t := range trips {
		if err := w.settle(ctx, t); err != nil {
			return err
		}
	}
	n, err := w.counted(ctx, `SELECT count(DISTINCT txid) FROM hotwallet.payment WHERE order_id = ANY ($1)`, orders)
	if err == nil && n != 1 {
		err = fmt.Errorf("%d transactions made %d payouts", n, batched)
	}
	return err
}

// quiet waits until nothing that was paid before is open: it would wait for a block too.
func (w *world) quiet(ctx context.Context) error {
	return until(ctx, swapLimit, "earlier payments to be final", func() (bool, string, error) {
		n, err := w.counted(ctx, `SELECT count(*) FROM hotwallet.payment WHERE chain = $1 AND state IN ('signed', 'broadcast', 'confirmed')`, asset.Bitcoin)
		if err != nil {
			return later(err)
		}
		return n == 0, fmt.Sprintf("%d are open", n), nil
	})
}

// counted asks the database for one number.
func (w *world) counted(ctx context.Context, sql string, args ...any) (n int, err error) {
	conn, err := pgx.Connect(ctx, w.up.Settings().SupportURL)
	if err != nil {
		return 0, fmt.Errorf("connect to the database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it only read
	if err := conn.QueryRow(ctx, sql, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count payments: %w", err)
	}
	return n, nil
}
