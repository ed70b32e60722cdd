package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	demo "ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/faucet"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/bitcoin"
	"ferry/hotwallet/chain/utxo"
	"ferry/hotwallet/keys"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/payment/remote"
	"ferry/hotwallet/postgres"
	"ferry/hotwallet/signer"
	"ferry/hotwallet/treasury"
	"ferry/hotwallet/watch"
	"ferry/swap"
	"ferry/swap/asset"
)

// batchMost is what a batch of chain.OutputsMost recipients may take.
const batchMost = time.Second

func init() {
	register(Row{
		Number: 35, Name: "payout-batch", Slow: true, Rounds: 5, Goal: 1, Unit: "limits",
		What: fmt.Sprintf("a batch of %d recipients: planned, attested, signed by signerd's part with all checks, stored, handed to btcd, within %s",
			chain.OutputsMost, batchMost),
		Prepare: prepareTogether,
	})
}

// together is a hot wallet of bitcoin that gathers payments, on a btcd, with a signer.
type together struct {
	env    *Env
	held   *signer.Signer
	node   *utxo.Adapter
	faucet *faucet.Bitcoin
	pool   *pgxpool.Pool
	store  *postgres.Store
	lease  *postgres.Lease
	house  *treasury.Treasury
	blocks *watch.Watcher
	engine *payment.Engine
	orders *payment.Orders
	offset int64
	took   []time.Duration
	closes []func() error
}

func prepareTogether(ctx context.Context, env *Env) (*Trial, error) {
	t := &together{env: env}
	if err := t.open(ctx); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return &Trial{Baseline: limits, Subject: Side{Name: "what is used of it", Run: t.round}, Close: t.close, Notes: func() []string {
		return []string{fmt.Sprintf("median %s, the most %s of %d; limit %s", quantile(t.took, 50).Round(time.Millisecond),
			quantile(t.took, 100).Round(time.Millisecond), len(t.took), batchMost)}
	}}, nil
}

func (t *together) open(ctx context.Context) error {
	config, stop, err := startBtcd(ctx, t.env, "btcd-batch")
	if err != nil {
		return err
	}
	t.closes = append(t.closes, stop)
	if t.faucet, err = faucet.NewBitcoin(config, networks); err != nil {
		return err
	}
	t.closes = append(t.closes, func() error { t.faucet.Close(); return nil })
	if err := t.faucet.Mature(ctx, nil); err != nil {
		return err
	}
	if t.node, err = bitcoin.New(utxo.Config{URL: config.URL, User: config.User, Pass: config.Password, Networks: networks}); err != nil {
		return err
	}
	var accounts keys.Accounts
	if t.held, accounts, err = openSigner(filepath.Join(t.env.Dir, "signer-batch")); err != nil {
		return err
	}
	t.closes = append(t.closes, t.held.Close)
	schema, err := t.env.schema(ctx, "hotwallet")
	if err != nil {
		return err
	}
	if t.pool, err = t.env.pool(ctx, schema, "hotwalletd bitcoin", daemonConnections, nil); err != nil {
		return err
	}
	t.closes = append(t.closes, func() error { t.pool.Close(); return nil })
	return t.start(ctx, accounts)
}

// start is what hotwalletd does, see cmd/hotwalletd, but for its own goroutines: rounds
// and looks are made when it is their turn.
func (t *together) start(ctx context.Context, accounts keys.Accounts) (err error) {
	log := t.env.Log
	if t.store, err = postgres.New(t.pool, asset.Bitcoin, postgres.Config{Confirmations: confirmationsNeeded, DustThreshold: asset.NewUnits(1000), Log: log}); err != nil {
		return err
	}
	if t.lease, err = t.store.AcquireLease(ctx, "bench"); err != nil {
		return err
	}
	t.closes = append(t.closes, func() error { return t.lease.Close(context.Background()) })
	set := watch.NewSetFor(t.node)
	if t.house, err = treasury.New(treasury.Config{Chain: asset.Bitcoin, Accounts: accounts, Store: t.store,
		Watch: func(a []string) { set.Add(a...) }, Now: time.Now, Log: log}); err != nil {
		return err
	}
	if err := t.house.Start(ctx); err != nil {
		return err
	}
	if t.blocks, err = watch.New(watch.Config{Reader: t.node, Store: t.store, Set: set, Poll: time.Second, ReorgLimit: confirmationsNeeded - 1, Log: log}); err != nil {
		return err
	}
	if err := t.blocks.Step(ctx); err != nil { // the first begins at the tip
		return err
	}
	if t.orders, err = payment.NewOrders(payment.OrdersConfig{Chain: asset.Bitcoin, Store: t.store, Log: log}); err != nil {
		return err
	}
	t.engine, err = payment.New(payment.Config{Chain: asset.Bitcoin, Store: t.store, Payer: t.node, Signer: remote.New(t.held),
		Attestor: fakeAttestor{}, FencingToken: uint64(t.lease.Token()), FeeMax: asset.NewUnits(10_000_000), Check: remote.Check,
		// A window that is over at the next round.
		BatchWindow: time.Nanosecond,
		QuoteKeys:   public(quoteKey), AttestKeys: public(attestKey), Now: time.Now, Log: log})
	return err
}

// round pays a batch of the most recipients from coins of two payouts each, beginning with
// orders that are stored and ending when btcd has it.
func (t *together) round(ctx context.Context, _ int) (Sample, error) {
	orders, err := t.given(ctx)
	if err != nil {
		return Sample{}, err
	}
	// The first look begins the window.
	if err := t.engine.Round(ctx); err != nil {
		return Sample{}, err
	}
	s, err := t.env.timed(ctx, 1, t.engine.Round)
	if err != nil {
		return s, err
	}
	t.took = append(t.took, time.Duration(s.Seconds*float64(time.Second)))
	s.Seconds, s.CPU = s.Seconds/batchMost.Seconds(), s.CPU/batchMost.Seconds()
	if err := t.handedIn(ctx, orders); err != nil {
		return s, err
	}
	return s, errors.Join(t.faucet.Mine(ctx, confirmationsNeeded+1), t.blocks.Step(ctx))
}

// given are orders that are stored, with coins to pay them from.
func (t *together) given(ctx context.Context) ([]swap.Order, error) {
	coin, err := amounts[asset.BTC].MulDiv(big.NewInt(2), big.NewInt(1), asset.Down)
	if err != nil {
		return nil, fmt.Errorf("a coin: %w", err)
	}
	coins := slices.Repeat([]faucet.Output{{Address: t.house.FundingAddress(), Units: coin}}, 5)
	for range chain.OutputsMost/2/len(coins) + 1 {
		if _, err := t.faucet.Pay(ctx, coins); err != nil {
			return nil, err
		}
	}
	if err := t.faucet.Mine(ctx, confirmationsNeeded+1); err != nil {
		return nil, err
	}
	if err := t.blocks.Step(ctx); err != nil {
		return nil, err
	}
	orders := make([]swap.Order, chain.OutputsMost)
	for i := range orders {
		key, err := demo.NewKey(networks)
		if err != nil {
			return nil, err
		}
		if orders[i], err = payoutTo(asset.Bitcoin, key.Address()); err != nil {
			return nil, err
		}
	}
	if err := storeDeposits(ctx, t.pool, orders); err != nil {
		return nil, err
	}
	b, err := batchOf(0, t.offset, orders)
	if err != nil {
		return nil, err
	}
	t.offset = b.Next
	return orders, t.orders.Handle(ctx, b)
}

// handedIn fails unless one transaction that btcd has taken pays all of them.
func (t *together) handedIn(ctx context.Context, orders []swap.Order) error {
	var batches, sent int
	ids := make([]string, len(orders))
	for i, o := range orders {
		ids[i] = o.ID
	}
	err := t.pool.QueryRow(ctx, `SELECT count(DISTINCT batch_id), count(*) FILTER (WHERE state = 'broadcast') FROM payment WHERE order_id = ANY ($1)`, ids).Scan(&batches, &sent)
	if err != nil {
		return fmt.Errorf("look how the batch stands: %w", err)
	}
	if batches != 1 || sent != len(orders) {
		return fmt.Errorf("%d of %d payments are with btcd, in %d batches", sent, len(orders), batches)
	}
	return nil
}

func (t *together) close() error {
	var errs []error
	for _, c := range slices.Backward(t.closes) {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}
