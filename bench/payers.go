package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/keys"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/postgres"
	"ferry/hotwallet/treasury"
	"ferry/hotwallet/watch"
	"ferry/swap"
	"ferry/swap/asset"
)

// payers are the hot wallets of two fake chains, as far as they pay: orders, payments,
// blocks and balances.
type payers struct {
	all  []*payer
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu   sync.Mutex
	errs []error

	// most is the greatest share of what was held that was found in use, looks how often
	// that was looked for.
	most  float64
	looks int
}

// payer is one of them.
type payer struct {
	*wallet
	pool   *pgxpool.Pool
	store  *postgres.Store
	lease  *postgres.Lease
	house  *treasury.Treasury
	orders *payment.Orders
	// held is all that was ever paid in, ordered what it was told to pay.
	held    asset.Units
	ordered []swap.Order
}

func newPayers(ctx context.Context, env *Env) (_ *payers, err error) {
	p := &payers{}
	ctx, p.stop = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	accounts, err := newAccounts()
	if err != nil {
		return nil, err
	}
	schema, err := env.schema(ctx, "hotwallet")
	if err != nil {
		return nil, err
	}
	for _, c := range []*fakechain.Chain{fakechain.NewBitcoin(fakechain.Config{Networks: networks, Now: time.Now}),
		fakechain.NewEthereum(fakechain.Config{Networks: networks, Now: time.Now})} {
		c.Mine(1)
		w := &payer{wallet: &wallet{name: c.Chain(), chain: c}}
		p.all = append(p.all, w)
		if w.pool, err = env.pool(ctx, schema, "hotwalletd "+string(w.name), daemonConnections, nil); err != nil {
			return nil, err
		}
		if err := p.open(ctx, env, w, accounts); err != nil {
			return nil, fmt.Errorf("hot wallet of %s: %w", w.name, err)
		}
	}
	return p, nil
}

// open starts what of hotwalletd pays, and the chain.
func (p *payers) open(ctx context.Context, env *Env, w *payer, accounts keys.Accounts) (err error) {
	w.store, err = postgres.New(w.pool, w.name, postgres.Config{Confirmations: confirmationsNeeded, DustThreshold: asset.NewUnits(1000), Log: env.Log})
	if err != nil {
		return err
	}
	if w.lease, err = w.store.AcquireLease(ctx, "bench"); err != nil {
		return err
	}
	set := watch.NewSet()
	wake, stir := signalled()
	w.house, err = treasury.New(treasury.Config{Chain: w.name, Accounts: accounts, Store: w.store, Watch: func(a []string) { set.Add(a...) },
		Now: time.Now, Log: env.Log})
	if err != nil {
		return err
	}
	if err := w.house.Start(ctx); err != nil {
		return err
	}
	watcher, err := w.newWatcher(env, w.store, set, stir)
	if err != nil {
		return err
	}
	engine, err := w.newEngine(env, w.store, w.lease, wake)
	if err != nil {
		return err
	}
	if w.orders, err = payment.NewOrders(payment.OrdersConfig{Chain: w.name, Store: w.store, Stored: stir, Log: env.Log}); err != nil {
		return err
	}
	for _, run := range []func(context.Context) error{watcher.Run, engine.Run, w.live} {
		p.wg.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.errs = append(p.errs, fmt.Errorf("%s: %w", w.name, err))
			}
		})
	}
	return nil
}

func (p *payers) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(p.errs...)
}

// payInFor adds exactly what n payments pay, one more where n is odd, without their fees,
// and waits until it is in the books. Of coins each is enough for two payments.
func (w *payer) payInFor(ctx context.Context, n int) error {
	n += n % 2
	total, err := w.amount().MulDiv(big.NewInt(int64(n)), big.NewInt(1), asset.Down)
	if err != nil {
		return fmt.Errorf("what %d payments pay: %w", n, err)
	}
	if w.held, err = w.held.Add(total); err != nil {
		return fmt.Errorf("what is held: %w", err)
	}
	if w.name == asset.Ethereum {
		w.chain.Pay(w.house.FundingAddress(), total)
		return w.deep(ctx, total)
	}
	coin, err := w.amount().MulDiv(big.NewInt(2), big.NewInt(1), asset.Down)
	if err != nil {
		return fmt.Errorf("a coin: %w", err)
	}
	addresses := make([]string, n/2)
	for i := range addresses {
		addresses[i] = w.house.FundingAddress()
	}
	w.payAll(addresses, coin)
	return w.deep(ctx, total)
}

// deep waits until the book has all that was paid in; orders may have had some of it.
func (w *payer) deep(ctx context.Context, total asset.Units) error {
	return waitUntil(ctx, blockEvery, func(ctx context.Context) (bool, error) {
		b, err := w.house.Balances(ctx)
		return err == nil && b[0].HouseCapital.Cmp(total.Big()) >= 0, err
	})
}

// order makes n orders of one amount, each of a swap of its own whose deposit is confirmed.
func (w *payer) order(ctx context.Context, n int) ([]swap.Order, error) {
	for range n {
		o, err := payoutTo(w.name, w.chain.NewAddress())
		if err != nil {
			return nil, err
		}
		w.ordered = append(w.ordered, o)
	}
	return w.ordered, storeDeposits(ctx, w.pool, w.ordered)
}

// close stops all and gives back what was taken.
func (p *payers) close() error {
	p.stop()
	p.wg.Wait()
	errs := []error{p.failed()}
	for _, w := range p.all {
		if w.lease != nil {
			errs = append(errs, w.lease.Close(context.Background()))
		}
		if w.pool != nil {
			w.pool.Close()
		}
	}
	return errors.Join(errs...)
}
