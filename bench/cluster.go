package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/pprof"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"ferry/deploy/parts"
	"ferry/gateway"
	gatewaystore "ferry/gateway/postgres"
	"ferry/gateway/stream"
	"ferry/hotwallet/attest"
	"ferry/hotwallet/keys"
	"ferry/statemachine/consume"
	swapstore "ferry/statemachine/postgres"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// daemonConnections is the size of each daemon's pool, as cmd has it.
const daemonConnections = 12

// cluster is what the daemons are made of, in one process: the gateway without its
// HTTP server, swapd, a hotwalletd for each of two fake chains, attestd, and the
// relays. Quotes are made by the bench in liquidityd's place; signing is the fake
// chains'.
type cluster struct {
	env      *Env
	gateway  *gateway.Gateway
	attestor *attest.Attestor
	wallets  map[asset.Chain]*wallet
	// observer looks into the gateway's schema, swaps into swapd's.
	observer, swaps *pgxpool.Pool

	stop   context.CancelFunc
	wg     sync.WaitGroup
	closes []func() error

	mu   sync.Mutex
	errs []error
}

// newCluster starts all of it, with funds for n payouts.
func newCluster(ctx context.Context, env *Env, n int) (c *cluster, err error) {
	c = &cluster{env: env, wallets: map[asset.Chain]*wallet{}}
	running, stop := context.WithCancel(ctx)
	c.stop = stop
	opened := c
	defer func() {
		if err != nil { // and c is nil by then
			err = errors.Join(err, opened.close())
		}
	}()
	if err := freshTopics(ctx, env); err != nil {
		return nil, err
	}
	accounts, err := newAccounts()
	if err != nil {
		return nil, err
	}
	if err := c.openAttestor(accounts); err != nil {
		return nil, err
	}
	if err := c.startHotwallet(running, accounts, n); err != nil {
		return nil, err
	}
	if err := c.startSwapd(running); err != nil {
		return nil, err
	}
	return c, c.startGateway(running)
}

// freshTopics forgets what other rows have sent.
func freshTopics(ctx context.Context, env *Env) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(env.Brokers...))
	if err != nil {
		return fmt.Errorf("kafka client: %w", err)
	}
	defer client.Close()
	var names []string
	for _, topic := range parts.Topics() {
		names = append(names, topic.Name)
	}
	deleted, err := kadm.NewClient(client).DeleteTopics(ctx, names...)
	if err = errors.Join(err, deleted.Error()); err != nil {
		return fmt.Errorf("delete topics: %w", err)
	}
	return parts.EnsureTopics(ctx, env.Brokers[0])
}

func (c *cluster) openAttestor(accounts keys.Accounts) (err error) {
	c.env.schemas++
	path := filepath.Join(c.env.Dir, fmt.Sprintf("attest-%d.db", c.env.schemas))
	if err := attest.Create(path, accounts); err != nil {
		return err
	}
	c.attestor, err = attest.Open(attest.Config{Networks: networks, Accounts: accounts, Key: attestKey, QuoteKeys: public(quoteKey),
		Store: path, Ahead: 10_000})
	if err == nil {
		c.closes = append(c.closes, c.attestor.Close)
	}
	return err
}

// start runs a part under its name until the cluster is closed.
func (c *cluster) start(ctx context.Context, name string, run func(context.Context) error) {
	c.wg.Go(func() {
		if err := labelled(ctx, name, run); err != nil && ctx.Err() == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.errs = append(c.errs, fmt.Errorf("%s: %w", name, err))
		}
	})
}

func (c *cluster) failed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.errs...)
}

// labelled runs do so that the CPU profile tells its share apart, with that of all
// goroutines it starts.
func labelled(ctx context.Context, name string, do func(context.Context) error) (err error) {
	pprof.Do(ctx, pprof.Labels(partLabel, name), func(ctx context.Context) { err = do(ctx) })
	return err
}

// pool is closed with the cluster.
func (c *cluster) pool(ctx context.Context, schema, part string, connections int, set map[string]string) (*pgxpool.Pool, error) {
	p, err := c.env.pool(ctx, schema, part, connections, set)
	if err == nil {
		c.closes = append(c.closes, func() error { p.Close(); return nil })
	}
	return p, err
}

// relay runs the relay of a schema's outbox on a pool of its own.
func (c *cluster) relay(ctx context.Context, schema, source string, wake <-chan struct{}, set map[string]string) error {
	pool, err := c.pool(ctx, schema, "relay of "+source, 1, set)
	if err != nil {
		return err
	}
	c.start(ctx, "relays", func(ctx context.Context) error {
		r, err := bus.NewRelay(bus.RelayConfig{Source: source, Brokers: c.env.Brokers, Pool: pool, Log: c.env.Log, Wake: wake})
		if err != nil {
			return err
		}
		return r.Run(ctx)
	})
	return nil
}

func (c *cluster) startSwapd(ctx context.Context) error {
	schema, err := c.env.schema(ctx, "swap")
	if err != nil {
		return err
	}
	pool, err := c.pool(ctx, schema, "swapd", daemonConnections, swapstore.Settings())
	if err != nil {
		return err
	}
	if c.swaps, err = c.pool(ctx, schema, "bench", 1, nil); err != nil {
		return err
	}
	wake, told := signalled()
	store := swapstore.Gather(swapstore.New(pool))
	handler := consume.Handler{Store: store, Log: c.env.Log, Told: told, Rules: rules}
	c.start(ctx, "swapd", func(ctx context.Context) error {
		consumer, err := bus.NewConsumer(bus.ConsumerConfig{Group: swapstore.Consumer, Brokers: c.env.Brokers, Topics: []string{bus.TopicFacts},
			Load: store.LoadOffset, Handle: handler.Handle, AtOnce: swapstore.PartitionsAtOnce, Log: c.env.Log})
		if err != nil {
			return err
		}
		return consumer.Run(ctx)
	})
	return c.relay(ctx, schema, "swap", wake, swapstore.Settings())
}

func (c *cluster) startGateway(ctx context.Context) error {
	schema, err := c.env.schema(ctx, "gateway")
	if err != nil {
		return err
	}
	pool, err := c.pool(ctx, schema, "gateway", daemonConnections, nil)
	if err != nil {
		return err
	}
	if c.observer, err = c.pool(ctx, schema, "bench", 1, nil); err != nil {
		return err
	}
	store := gatewaystore.New(pool)
	secret := sha256.Sum256([]byte("bench secrets"))
	c.gateway, err = gateway.New(gateway.Config{Networks: networks, QuoteKeys: public(quoteKey), AttestKeys: public(attestKey), SecretKey: secret[:],
		Rules:  swap.DepositRules{Confirmations: map[asset.Chain]int64{asset.Bitcoin: confirmationsNeeded, asset.Ethereum: confirmationsNeeded}},
		Limits: gateway.DefaultLimits(), Streams: stream.DefaultLimits(), Log: c.env.Log}, store, c.calls())
	if err != nil {
		return err
	}
	c.start(ctx, "projection", func(ctx context.Context) error {
		consumer, err := bus.NewConsumer(bus.ConsumerConfig{Group: gateway.Group, Brokers: c.env.Brokers, Topics: []string{bus.TopicUpdates},
			Load: func(ctx context.Context, topic string, partition int32) (int64, error) {
				return store.Offset(ctx, gateway.Group, topic, partition)
			}, Handle: c.gateway.HandleUpdates, Log: c.env.Log})
		if err != nil {
			return err
		}
		return consumer.Run(ctx)
	})
	return c.relay(ctx, schema, "gateway", nil, nil)
}

// close stops every part and undoes what was opened, the last first.
func (c *cluster) close() error {
	c.stop()
	c.wg.Wait()
	errs := []error{c.failed()}
	for i := len(c.closes) - 1; i >= 0; i-- {
		errs = append(errs, c.closes[i]())
	}
	return errors.Join(errs...)
}

// signalled is a wake-up call that never waits and is never lost.
func signalled() (wake <-chan struct{}, signal func()) {
	c := make(chan struct{}, 1)
	return c, func() {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
