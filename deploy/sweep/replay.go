package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/swap"
	"ferry/swap/asset"
)

// replayed is a hot wallet that has forgotten what it paid: after a settled swap
// its database holds the payout once more, as an order of its own with fresh
// coins. Everything below the signer then follows the rules and would pay again;
// the signer's memory must not let it.
func replayed(ctx context.Context, w *world) error {
	t, err := w.begin(ctx, toCoins)
	if err != nil {
		return err
	}
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	if err := w.settle(ctx, t); err != nil {
		return err
	}
	const wallet = "hotwalletd-bitcoin"
	if err := w.kill(wallet); err != nil {
		return err
	}
	if err := w.forge(ctx, swap.PayoutOrderID(t.id())); err != nil {
		return err
	}
	if err := w.release(ctx, wallet); err != nil {
		return err
	}
	return until(ctx, swapLimit, "the signer's refusal of a second payout", func() (bool, string, error) {
		if err := w.received(ctx, t); err != nil {
			return false, "", err
		}
		s, err := w.status(ctx)
		if err != nil {
			return later(err)
		}
		reason := s.standing(t.id())
		return strings.Contains(reason, "signer refused"), reason, nil
	})
}

// forge copies a payment's order in the hot wallet's database under a new id.
func (w *world) forge(ctx context.Context, order string) (err error) {
	address, err := url.Parse(w.up.Settings().SupportURL)
	if err != nil {
		return fmt.Errorf("find the database: %w", err)
	}
	address.User = url.User("ferry_hotwallet")
	conn, err := pgx.Connect(ctx, address.String())
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		err = errors.Join(err, conn.Close(closing))
	}()
	// One deposit pays one order: the row that has used it lets go of it.
	tag, err := conn.Exec(ctx, `UPDATE hotwallet.payment_deposit u SET deposit_id = deposit_id || ':paid'
		FROM hotwallet.payment p WHERE p.order_id = u.order_id AND p.order_id = $1 AND p.asset = $2`, order, asset.BTC)
	if err != nil || tag.RowsAffected() != 1 {
		return fmt.Errorf("free the deposit of order %s (%d rows): %w", order, tag.RowsAffected(), err)
	}
	tag, err = conn.Exec(ctx, `INSERT INTO hotwallet.payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state)
		SELECT order_id || ':again', chain, swap_id, purpose, asset, units, destination,
		       jsonb_set(body, '{order_id}', to_jsonb(order_id || ':again')), 'queued'
		FROM hotwallet.payment WHERE order_id = $1`, order)
	if err != nil || tag.RowsAffected() != 1 {
		return fmt.Errorf("copy order %s (%d rows): %w", order, tag.RowsAffected(), err)
	}
	tag, err = conn.Exec(ctx, `INSERT INTO hotwallet.payment_deposit (deposit_id, order_id, asset, units)
		SELECT d ->> 'deposit_id', order_id, d #>> '{amount,asset}', (d #>> '{amount,units}')::numeric
		FROM hotwallet.payment, jsonb_array_elements(body -> 'deposits') d WHERE order_id = $1 || ':again'`, order)
	if err != nil || tag.RowsAffected() != 1 {
		return fmt.Errorf("copy the deposit of order %s (%d rows): %w", order, tag.RowsAffected(), err)
	}
	return nil
}
