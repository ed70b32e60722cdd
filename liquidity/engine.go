package liquidity

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/rpc"
	"ferry/swap/rpc/ferry/v1/ferryv1connect"
)

// Parts are what an engine is made of.
type Parts struct {
	Store   Store
	Sources []Source
	// Subscriptions are followed besides Sources: Open makes a source of each, and of those
	// that Reconfigure adds.
	Subscriptions []Subscription
	Open          func(Subscription) (Source, error)
	// Key signs quotes; quotes of OldKeys are still accepted, so that a key can be
	// changed without a refused quote.
	Key     ed25519.PrivateKey
	OldKeys []ed25519.PublicKey
	// AttestKeys are attestd's: who asks for a new price shows a receipt.
	AttestKeys swap.PublicKeys
	Brokers    []string
	// Instance names this process within its consumer group, the same after a
	// restart and never used twice at once; empty for a name of the moment.
	Instance string
	Log      *slog.Logger
	// Hedges, if not nil, tells what is held at venues. It must not block.
	Hedges Hedges
	// Drawdown, if not nil, tells how much has been lost. It must not block.
	Drawdown Drawdown
	// Now is the clock; the store needs the same.
	Now func() time.Time
	// Observe, if not nil, is called with how each call ended: "" or the code of its
	// refusal. It must not block.
	Observe func(call string, code swap.Code)
	// Requoted, if not nil, is called with what became of each request for a price: an
	// Outcome… or a swap.Refused…. It must not block.
	Requoted func(outcome string)
}

// Engine is liquidityd without its process.
type Engine struct {
	market   *Market
	funds    *Funds
	closer   closer
	requoter requoter
	open     func(Subscription) (Source, error)
	desks    *desks
	server   *Server
	brokers  []string
	log      *slog.Logger
}

// New validates the configuration and connects nothing yet.
func New(c Config, p Parts) (*Engine, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("liquidity configuration: %w", err)
	}
	if p.Store == nil || p.Log == nil || p.Now == nil || len(p.Brokers) == 0 || len(p.Key) != ed25519.PrivateKeySize || len(p.AttestKeys) == 0 {
		return nil, errors.New("liquidity: store, log, clock, brokers, an Ed25519 key and attestd's are needed")
	}
	market, err := openMarket(c, p)
	if err != nil {
		return nil, err
	}
	keys := swap.PublicKeys{}
	own, ok := p.Key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("liquidity: the key is not Ed25519")
	}
	for _, key := range append([]ed25519.PublicKey{own}, p.OldKeys...) {
		keys[swap.KeyID(key)] = key
	}
	if p.Observe == nil {
		p.Observe = func(string, swap.Code) {}
	}
	if p.Requoted == nil {
		p.Requoted = func(string) {}
	}
	funds := NewFunds(c.BalanceStaleAfter, p.Now, p.Log)
	desk := &Desk{config: c, market: market, funds: funds, store: p.Store, stock: inventory{store: p.Store, funds: funds, hedges: p.Hedges, targets: c.Market.Targets}, drawdown: p.Drawdown, key: p.Key, keys: keys,
		attestKeys: p.AttestKeys, now: p.Now}
	current := newDesks(desk)
	return &Engine{
		market: market, funds: funds, open: p.Open, desks: current, brokers: p.Brokers, log: p.Log,
		closer: closer{store: p.Store, log: p.Log, instance: p.Instance}, server: &Server{desks: current, log: p.Log, observe: p.Observe},
		requoter: requoter{desks: current, store: p.Store, log: p.Log, observe: p.Requoted, instance: p.Instance},
	}, nil
}

// Handler is the service ferry.v1.Liquidity, for http.ServeMux.Handle.
func (e *Engine) Handler() (path string, handler http.Handler) {
	return ferryv1connect.NewLiquidityHandler(e.server, rpc.HandlerOptions()...)
}

// Run follows venues, balances and updates, answers requests for a price and
// publishes rates, until ctx ends; then it returns nil. What it tells the state machine
// lies in the store's outbox: a bus.Relay beside it publishes that.
func (e *Engine) Run(ctx context.Context) error {
	publisher, err := bus.NewPublisher("liquidity", e.brokers)
	if err != nil {
		return err
	}
	defer publisher.Close()
	consumer, err := e.closer.consumer(e.brokers)
	if err != nil {
		return err
	}
	requests, err := e.requoter.consumer(e.brokers)
	if err != nil {
		return err
	}
	telling := &rates{desks: e.desks, publisher: publisher, log: e.log, told: map[asset.Pair]swap.Rate{}}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return e.market.Run(ctx) })
	group.Go(func() error { return bus.Follow(ctx, e.brokers, bus.TopicBalances, e.log, e.funds.Take) })
	group.Go(func() error { return consumer.Run(ctx) })
	group.Go(func() error { return requests.Run(ctx) })
	group.Go(func() error { return e.closer.lapse(ctx) })
	group.Go(func() error { return telling.run(ctx) })
	return group.Wait()
}
