package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/issue"
	"ferry/hotwallet/keys"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/postgres"
	"ferry/hotwallet/reconcile"
	"ferry/hotwallet/treasury"
	"ferry/hotwallet/watch"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// newAccounts are extended public keys of a seed that protects nothing.
func newAccounts() (keys.Accounts, error) {
	params, err := networks.BitcoinParams()
	if err != nil {
		return keys.Accounts{}, err
	}
	master, err := hdkeychain.NewMaster(bytes.Repeat([]byte{7}, 32), params)
	if err != nil {
		return keys.Accounts{}, fmt.Errorf("make a master key: %w", err)
	}
	var texts [4]string
	for i := range texts {
		child, err := master.Derive(hdkeychain.HardenedKeyStart + uint32(i))
		if err != nil {
			return keys.Accounts{}, fmt.Errorf("derive account %d: %w", i, err)
		}
		public, err := child.Neuter()
		if err != nil {
			return keys.Accounts{}, fmt.Errorf("derive account %d: %w", i, err)
		}
		texts[i] = public.String()
	}
	raw, err := json.Marshal(keys.File{BitcoinDeposit: texts[0], BitcoinHot: texts[1], EthereumDeposit: texts[2], EthereumHot: texts[3]})
	if err != nil {
		return keys.Accounts{}, fmt.Errorf("encode the accounts: %w", err)
	}
	return keys.ParseAccounts(networks, raw)
}

// wallet is the hot wallet of one chain with the chain itself.
type wallet struct {
	name   asset.Chain
	chain  *fakechain.Chain
	issuer *issue.Issuer

	mu sync.Mutex
	// due are deposit addresses to be paid in the next block, and dust those to be sent
	// dust then, once for each time they are in it.
	due, dust []string
}

// paidAtOnce is how many deposits a stranger pays with one transaction on the UTXO
// chain, and how many coins come with one funding.
const paidAtOnce = 10

func (w *wallet) pay(address string, dust int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due = append(w.due, address)
	for range dust {
		w.dust = append(w.dust, address)
	}
}

// live makes a block at each tick, after paying what is due.
func (w *wallet) live(ctx context.Context) error {
	ticker := time.NewTicker(blockEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		w.mu.Lock()
		due, dust := w.due, w.dust
		w.due, w.dust = nil, nil
		w.mu.Unlock()
		w.payAll(due, w.amount())
		w.payAll(dust, asset.NewUnits(dustUnits))
		w.chain.Mine(1)
	}
}

func (w *wallet) amount() asset.Units {
	native, _ := w.name.Native() // the two chains here have one
	return amounts[native.ID]
}

func (w *wallet) payAll(addresses []string, units asset.Units) {
	var outputs []fakechain.Output
	for i, a := range addresses {
		if w.name == asset.Ethereum {
			w.chain.Pay(a, units)
			continue
		}
		outputs = append(outputs, fakechain.Output{Address: a, Units: units})
		if len(outputs) == paidAtOnce || i == len(addresses)-1 {
			w.chain.PayMany(outputs...)
			outputs = nil
		}
	}
}

func (c *cluster) startHotwallet(ctx context.Context, accounts keys.Accounts, n int) error {
	schema, err := c.env.schema(ctx, "hotwallet")
	if err != nil {
		return err
	}
	for _, name := range networks.Chains() {
		w := &wallet{name: name, chain: fakechain.NewBitcoin(fakechain.Config{Networks: networks, Now: time.Now})}
		if name == asset.Ethereum {
			w.chain = fakechain.NewEthereum(fakechain.Config{Networks: networks, Now: time.Now})
		}
		w.chain.Mine(1)
		c.wallets[name] = w
		pool, err := c.pool(ctx, schema, "hotwalletd "+string(name), daemonConnections, nil)
		if err != nil {
			return err
		}
		if err := c.startWallet(ctx, w, pool, accounts, n); err != nil {
			return fmt.Errorf("hot wallet of %s: %w", name, err)
		}
	}
	return c.relay(ctx, schema, "hotwallet", nil, nil)
}

// startWallet is what hotwalletd does, see cmd/hotwalletd; then it is funded.
func (c *cluster) startWallet(ctx context.Context, w *wallet, pool *pgxpool.Pool, accounts keys.Accounts, n int) error {
	store, err := postgres.New(pool, w.name, postgres.Config{Confirmations: confirmationsNeeded, DustThreshold: asset.NewUnits(1000), Log: c.env.Log})
	if err != nil {
		return err
	}
	lease, err := store.AcquireLease(ctx, "bench")
	if err != nil {
		return err
	}
	c.closes = append(c.closes, func() error { return lease.Close(context.WithoutCancel(ctx)) })
	set, adapter := watch.NewSet(), quietly{w.chain}
	wake, stir := signalled()
	house, err := treasury.New(treasury.Config{Chain: w.name, Accounts: accounts, Store: store, Watch: func(a []string) { set.Add(a...) },
		Now: time.Now, Log: c.env.Log})
	if err != nil {
		return err
	}
	w.issuer, err = issue.New(issue.Config{Chain: w.name, Networks: networks, Accounts: accounts, Store: store, Attest: attestd{c.attestor},
		FencingToken: uint64(lease.Token()), Destinations: adapter, QuoteKeys: public(quoteKey), AttestKeys: public(attestKey), Watch: func(a []string) { set.Add(a...) }, Log: c.env.Log})
	if err != nil {
		return err
	}
	watcher, err := w.newWatcher(c.env, store, set, stir)
	if err != nil {
		return err
	}
	engine, err := w.newEngine(c.env, store, lease, wake)
	if err != nil {
		return err
	}
	orders, err := payment.NewOrders(payment.OrdersConfig{Chain: w.name, Store: store, Stored: stir, Log: c.env.Log})
	if err != nil {
		return err
	}
	if err := house.Start(ctx); err != nil {
		return err
	}
	if err := w.issuer.Start(ctx); err != nil {
		return err
	}
	c.start(ctx, "hot wallet: addresses", w.issuer.Run)
	c.start(ctx, "hot wallet: blocks", watcher.Run)
	c.start(ctx, "hot wallet: payments", engine.Run)
	c.start(ctx, "hot wallet: orders", func(ctx context.Context) error {
		consumer, err := bus.NewConsumer(bus.ConsumerConfig{Group: orders.Group(), Brokers: c.env.Brokers, Topics: []string{bus.TopicOrders},
			Load: orders.Load, Handle: orders.Handle, Log: c.env.Log})
		if err != nil {
			return err
		}
		return consumer.Run(ctx)
	})
	return c.fund(ctx, w, house, n)
}

// newWatcher reads the chain's blocks, compares books and node after each, and then stirs
// the payments.
func (w *wallet) newWatcher(env *Env, store *postgres.Store, set *watch.Set, stir func()) (*watch.Watcher, error) {
	adapter := quietly{w.chain}
	return watch.New(watch.Config{Reader: adapter, Store: store, Set: set, Poll: blockEvery / 2, ReorgLimit: confirmationsNeeded - 1,
		AtTip: func(ctx context.Context) {
			stir()
			if result, err := reconcile.Check(ctx, store, adapter, env.Log); ctx.Err() == nil && (err != nil || result == reconcile.Different) {
				env.Log.Error("books and node were not found equal", "chain", w.name, "result", result, "error", err)
			}
		}, Log: env.Log})
}

func (w *wallet) newEngine(env *Env, store *postgres.Store, lease *postgres.Lease, wake <-chan struct{}) (*payment.Engine, error) {
	return payment.New(payment.Config{Chain: w.name, Store: store, Payer: quietly{w.chain}, Signer: fakeSigner{}, Attestor: fakeAttestor{}, FencingToken: uint64(lease.Token()),
		FeeMax: w.amount(), QuoteKeys: public(quoteKey), AttestKeys: public(attestKey), Wake: wake, Now: time.Now, Log: env.Log})
}

// fund pays twice what the payouts need into the hot wallet and waits until that
// can be spent. On the UTXO chain each payout finds a coin of its own.
func (c *cluster) fund(ctx context.Context, w *wallet, house *treasury.Treasury, n int) error {
	addresses := make([]string, n)
	for i := range addresses {
		addresses[i] = house.FundingAddress()
	}
	each, err := w.amount().MulDiv(big.NewInt(2), big.NewInt(1), asset.Down)
	if err != nil {
		return fmt.Errorf("amount of a funding: %w", err)
	}
	all, err := each.MulDiv(big.NewInt(int64(n)), big.NewInt(1), asset.Down)
	if err != nil {
		return fmt.Errorf("amount of all funding: %w", err)
	}
	if w.name == asset.Ethereum {
		addresses, each = addresses[:1], all
	}
	w.payAll(addresses, each)
	c.start(ctx, "fake chains", w.live)
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	return waitUntil(ctx, blockEvery, func(ctx context.Context) (bool, error) {
		b, err := house.Balances(ctx)
		return err == nil && !b[0].Available.Less(all), err
	})
}
