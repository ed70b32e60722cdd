package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"ferry/cmd/internal/admin/wallet"
	"ferry/cmd/internal/daemon"
	"ferry/deploy/deployment"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/dust"
	"ferry/hotwallet/fee"
	"ferry/hotwallet/issue"
	"ferry/hotwallet/keys"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/payment/remote"
	"ferry/hotwallet/postgres"
	"ferry/hotwallet/reconcile"
	"ferry/hotwallet/recovery"
	"ferry/hotwallet/treasury"
	"ferry/hotwallet/watch"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/rpc"
	"ferry/swap/rpc/ferry/v1/ferryv1connect"
)

// pollEvery is how often the node is asked for its tip.
const pollEvery = 250 * time.Millisecond

// wiring is everything the parts of the hot wallet are made from.
type wiring struct {
	chain asset.Chain
	// log names the chain, plain is for packages that name it themselves.
	log, plain     *slog.Logger
	brokers        []string
	listen         string
	attest, signer string
	// bidWithin is how long a payment that no block takes has until it offers all that it may.
	// Two offers for it are bidEvery apart.
	bidWithin, bidEvery   time.Duration
	deployment            deployment.Deployment
	accounts              keys.Accounts
	amounts               deployment.Amounts
	tokens                map[asset.ID]deployment.Amounts
	quoteKeys, attestKeys swap.PublicKeys
	adapter               chain.Adapter
	fees                  *fee.Estimator
	store                 *postgres.Store
	dust                  *dust.Threshold
	// tellWake has the balance told.
	tellWake <-chan struct{}
	wakeTell func()
	metrics  *wallet.Metrics
}

// parts puts the hot wallet together. Addresses are watched before the first block
// is read, and known before the first is issued.
func (w wiring) parts(ctx context.Context, lease *postgres.Lease) ([]func(context.Context) error, *http.ServeMux, error) {
	set := watch.NewSetFor(w.adapter)
	engineWake, wakeEngine := daemon.Wake()
	publisher, err := bus.NewPublisher("hotwallet", w.brokers)
	if err != nil {
		return nil, nil, err
	}
	books, err := treasury.New(treasury.Config{Chain: w.chain, Accounts: w.accounts, Store: w.store, Publisher: publisher,
		Dust: w.dust.Of, Watch: func(a []string) { set.Add(a...) }, Wake: w.tellWake,
		Observe: w.metrics.Balances, Now: time.Now, Log: w.plain})
	if err != nil {
		return nil, nil, err
	}
	attestd := ferryv1connect.NewAttestClient(rpc.Client(w.attest), rpc.BaseURL, rpc.ClientOptions()...)
	issuer, err := issue.New(issue.Config{Chain: w.chain, Networks: w.deployment.Networks, Accounts: w.accounts, Store: w.store,
		Attest:       attestd,
		FencingToken: uint64(lease.Token()), Destinations: w.adapter, QuoteKeys: w.quoteKeys, AttestKeys: w.attestKeys,
		Watch: func(a []string) { set.Add(a...) }, Observe: w.metrics.Call, Log: w.plain})
	if err != nil {
		return nil, nil, err
	}
	rebuild, err := recovery.New(recovery.Config{Chain: w.chain, Store: w.store, Issuer: issuer, Siblings: issuer.WatchSiblings, Node: w.adapter, Now: time.Now, Log: w.plain})
	if err != nil {
		return nil, nil, err
	}
	engine, err := payment.New(payment.Config{Chain: w.chain, Store: w.store, Payer: w.fees.Payer(w.adapter), Attestor: remote.NewAttestor(attestd), Coroner: remote.NewAttestor(attestd),
		DeathRules: w.store.Rules, Lifter: w.store, Reader: w.adapter, ReorgLimit: w.deployment.Chains[w.chain].ReorgLimit,
		Signer:       remote.New(ferryv1connect.NewSignerClient(rpc.Client(w.signer), rpc.BaseURL, rpc.ClientOptions()...)),
		FencingToken: uint64(lease.Token()), FeeMax: w.amounts.PaymentFeeMax, LineFeeMax: w.amounts.LineFeeMax, AmountMax: w.amountsMax(),
		BatchWindow: w.deployment.Chains[w.chain].BatchWindow(), QuoteKeys: w.quoteKeys, AttestKeys: w.attestKeys,
		Bid: payment.Rising(time.Now, w.bidWithin, w.fees.Rate), BidEvery: w.bidEvery, Check: remote.Check, Wake: engineWake, Moved: w.wakeTell, Observer: w.metrics.Payment(), Now: time.Now, Log: w.plain})
	if err != nil {
		return nil, nil, err
	}
	orders, err := w.orders(wakeEngine)
	if err != nil {
		return nil, nil, err
	}
	if err := w.dust.Start(ctx, w.store); err != nil {
		return nil, nil, err
	}
	if err := books.Start(ctx); err != nil {
		return nil, nil, err
	}
	sweeps, err := w.sweeps(books.FundingAddress(), wakeEngine)
	if err != nil {
		return nil, nil, err
	}
	if err := rebuild.Start(ctx); err != nil {
		return nil, nil, err
	}
	if err := issuer.Start(ctx); err != nil {
		return nil, nil, err
	}
	watcher, err := w.watcher(set, rebuild.Birth(w.deployment.Chains[w.chain].BirthHeight), func() { wakeEngine(); w.wakeTell() })
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(ferryv1connect.NewWalletHandler(issuer, rpc.HandlerOptions()...))
	tell := func(ctx context.Context) error {
		defer publisher.Close()
		return books.Run(ctx)
	}
	return []func(context.Context) error{watcher.Run, engine.Run, orders.Run, issuer.Run, w.dust.Run, w.fees.Run, rebuild.Run, sweeps.Run, tell}, mux, nil
}

// watcher follows the chain and has the books compared with the node at each tip.
func (w wiring) watcher(set *watch.Set, birth int64, moved func()) (*watch.Watcher, error) {
	policy := w.deployment.Chains[w.chain]
	return watch.New(watch.Config{Reader: w.adapter, Store: w.store, Siblings: w.store.Siblings, Set: set, Poll: pollEvery,
		BirthHeight: birth, ReorgLimit: policy.ReorgLimit,
		StaleAfter: w.deployment.StaleAfter(w.chain), Observer: w.metrics.Watch(), Log: w.plain,
		AtTip: func(ctx context.Context) {
			moved()
			result, err := reconcile.Check(ctx, w.store, w.adapter, w.log)
			if err != nil && ctx.Err() == nil {
				w.log.Warn("books were not compared with the node", "error", err)
			}
			if result == reconcile.Different {
				w.log.Error("books differ from the node: payments are halted")
			}
		}})
}

// orders takes this chain's orders off the topic.
func (w wiring) orders(stored func()) (*bus.Consumer, error) {
	o, err := payment.NewOrders(payment.OrdersConfig{Chain: w.chain, Store: w.store, Stored: stored, Log: w.plain})
	if err != nil {
		return nil, err
	}
	return bus.NewConsumer(bus.ConsumerConfig{Group: o.Group(), Instance: o.Group(), Brokers: w.brokers, Topics: []string{bus.TopicOrders},
		Load: o.Load, Handle: o.Handle, Log: w.log})
}
