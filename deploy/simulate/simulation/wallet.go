package simulation

import (
	"bytes"
	"context"
	"errors"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	hot "ferry/hotwallet/model"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/reconcile"
	"ferry/hotwallet/sweep"
	"ferry/hotwallet/watch"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// wallet is the hotwalletd of a chain: the real watcher, engine, consumer of orders
// and reconciliation over the model of their store. It can be killed and started.
type wallet struct {
	world    *World
	on       asset.Chain
	node     *fakechain.Chain
	treasury string

	// The process that runs now.
	store   *hot.Store
	set     *watch.Set
	watcher *watch.Watcher
	engine  *payment.Engine
	orders  *consumer
	runner  *sweep.Runner
	// before is the engine of a process that was given up and may not know it.
	before        *payment.Engine
	watchedBefore *watch.Watcher

	// failing is how many of the next transactions are mined with failed status.
	failing int
	retries map[string]int
}

func newWallet(w *World, on asset.Chain) *wallet {
	h := &wallet{world: w, on: on, node: w.chains[on], retries: map[string]int{}}
	h.treasury = h.node.NewAddress()
	store := w.wallets.Store(on, h.config())
	store.AcquireLease()
	must(store.Hot(h.treasury))
	if on == asset.Bitcoin {
		must(store.Change(h.node.NewAddress()))
	}
	h.begin()
	return h
}

func (h *wallet) config() hot.Config {
	r := h.world.rules[h.on]
	dust := func(id asset.ID) asset.Units {
		if id == h.on.NativeID() {
			return r.dust
		}
		return h.world.of(id).dust
	}
	return hot.Config{Rules: h.world.depositRules(), Tokens: tokens(h.on), Dust: dust, Burial: r.reorgLimit,
		SpendDepth: r.spendDepth, Now: h.world.clock}
}

// begin is what a new process does.
func (h *wallet) begin() {
	w := h.world
	h.before, h.watchedBefore = h.engine, h.watcher
	h.store = w.wallets.Store(h.on, h.config())
	token := h.store.AcquireLease()
	store := hotStore{w.options.hot(h.on, h.store, h.config()), w}
	h.set = watch.NewSet()
	adapter := node{Adapter: h.node, wallet: h}
	watcher, err := watch.New(watch.Config{Reader: h.node, Store: store, Set: h.set, Poll: h.world.rules[h.on].blockTime,
		ReorgLimit: w.rules[h.on].reorgLimit, Now: w.clock, Log: w.log,
		AtTip: func(ctx context.Context) {
			result, err := reconcile.Check(ctx, store, h.node, w.log)
			if err == nil && result != reconcile.Equal && result != reconcile.Skipped && (result != reconcile.Surplus || !w.surplus) {
				panic(violation{"the books of " + string(h.on) + " and its node: " + string(result)})
			}
		}})
	must(err)
	engine, err := payment.New(payment.Config{Chain: h.on, Store: store, Payer: adapter, Signer: w.signer.of(w), Attestor: w.attestor, Coroner: w.attestor,
		Reader: h.node, ReorgLimit: w.rules[h.on].reorgLimit,
		FencingToken: token, FeeMax: gwei(50_000_000), QuoteKeys: quoteKeys, AttestKeys: attestKeys,
		Check: checkBytes, Now: w.clock, Log: w.log})
	must(err)
	orders, err := payment.NewOrders(payment.OrdersConfig{Chain: h.on, Store: store, Log: w.log})
	must(err)
	h.watcher, h.engine, h.runner = watcher, engine, h.newRunner(store)
	h.orders = &consumer{topic: bus.TopicOrders,
		load:   func(p int32) (int64, error) { return orders.Load(w.ctx, bus.TopicOrders, p) },
		handle: func(b bus.Batch) error { return orders.Handle(w.ctx, b) }}
	h.orders.join()
}

// step runs one step of the process and starts it again if it died of it.
func (h *wallet) step(do func()) {
	if !living(do) {
		h.begin()
	}
}

// look has the watcher process what the node shows.
func (h *wallet) look() {
	h.step(func() { h.tolerate(h.watcher.Step(h.world.ctx)) })
	tip, err := h.node.Tip(h.world.ctx)
	if at, _, _ := h.store.Cursor(h.world.ctx); err == nil && at == tip {
		delete(h.world.forks, h.on)
	}
}

// pay has the engine make a round.
func (h *wallet) pay() {
	h.step(func() { h.tolerate(h.engine.Round(h.world.ctx)) })
}

// tolerate lets errors pass that a daemon logs and tries again after. What is
// wrong about them shows in a halt, or in what is not done in the end.
func (h *wallet) tolerate(err error) {
	if err != nil && !errors.Is(err, errLost) {
		h.world.tell("  %s: %v", h.on, err)
	}
}

// handedIn decides the fate of a transaction that a node took.
func (h *wallet) handedIn(raw []byte, answer chain.Acceptance) {
	txid, err := fakechain.TxID(raw)
	must(err)
	if answer != chain.Accepted || h.on != asset.Ethereum {
		return
	}
	if h.failing > 0 || h.world.refused(raw) {
		h.failing = max(h.failing-1, 0)
		h.node.Fail(txid)
		h.world.tell("  %.12s will be mined with failed status", txid)
	}
}

// checkBytes is remote.Check for the transactions of fakechain.
func checkBytes(_ asset.Chain, a payment.Attempt) error {
	raw, txid := fakechain.Sign(a.Plan)
	if !bytes.Equal(raw, a.Raw) || txid != a.TxID {
		return errors.New("another transaction")
	}
	return nil
}

func must(err error) {
	if err != nil {
		panic(violation{"the simulation itself: " + err.Error()})
	}
}
