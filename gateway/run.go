package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"ferry/swap/bus"
)

// Limits of a connection.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = requestTimeout + 15*time.Second
	idleTimeout   = time.Minute
	maxHeader     = 16 << 10
	// stopTimeout is how long running requests may go on after the end was ordered.
	stopTimeout = 10 * time.Second
)

// Run does all of a gateway's work until ctx ends: it answers on l, follows prices
// and balances, projects updates and tells streams of them. It returns nil after an orderly end. The
// relay of the gateway's outbox is the caller's to run.
func (g *Gateway) Run(ctx context.Context, l net.Listener, brokers []string) error {
	consumer, err := bus.NewConsumer(bus.ConsumerConfig{
		Group: Group, Instance: g.config.Instance, Brokers: brokers, Topics: []string{bus.TopicUpdates}, Log: g.config.Log,
		Load: func(ctx context.Context, topic string, partition int32) (int64, error) {
			return g.store.Offset(ctx, Group, topic, partition)
		},
		Handle: g.HandleUpdates,
	})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return g.serve(ctx, l) })
	group.Go(func() error { return consumer.Run(ctx) })
	group.Go(func() error { return g.hub.Run(ctx) })
	group.Go(func() error { return bus.Tail(ctx, brokers, bus.TopicUpdates, g.config.Log, g.hearUpdate) })
	group.Go(func() error { return bus.Follow(ctx, brokers, bus.TopicRates, g.config.Log, g.market.hearRate) })
	group.Go(func() error {
		return bus.Follow(ctx, brokers, bus.TopicBalances, g.config.Log, g.market.hearBalance)
	})
	return group.Wait()
}

// serve answers on l until ctx ends, then lets running requests finish.
func (g *Gateway) serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           g.Handler(),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		return fmt.Errorf("stop serving %s: %w", l.Addr(), errors.Join(err, server.Close()))
	}
	return nil
}
