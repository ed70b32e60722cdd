// Command gatewayd answers the public API. It faces the world, holds no key of
// value, and reaches Postgres, Kafka, liquidityd and hotwalletd.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"

	"ferry/cmd/internal/admin"
	"ferry/cmd/internal/admin/flow"
	"ferry/cmd/internal/admin/public"
	"ferry/cmd/internal/daemon"
	"ferry/cmd/internal/database"
	"ferry/deploy/deployment"
	"ferry/gateway"
	"ferry/gateway/postgres"
	"ferry/gateway/stream"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

func main() { daemon.Main("gatewayd", run) }

func run(ctx context.Context, s *daemon.Settings, log *slog.Logger) error {
	brokers, url := s.Brokers(), s.Need(daemon.EnvDatabaseURL, "Postgres, as role ferry_gateway")
	address := s.Or("FERRY_HTTP", "127.0.0.1:8080")
	liquidity := s.Need("FERRY_LIQUIDITY_SOCKET", "liquidityd's Unix socket")
	walletTexts := s.Need("FERRY_WALLET_SOCKETS", "hotwalletd's Unix sockets, as bitcoin=<path>,ethereum=<path>")
	secretPath := s.Need("FERRY_SECRET", "file of 32 random bytes from which swaps' secrets are derived")
	config, d, err := policy(s, log)
	if err != nil {
		return err
	}
	if config.ShowRecent, err = strconv.ParseBool(s.Or("FERRY_SHOW_RECENT", "false")); err != nil {
		return fmt.Errorf("FERRY_SHOW_RECENT must be true or false (it lets everybody watch the newest swaps): %w", err)
	}
	wallets, err := sockets(walletTexts)
	if err != nil {
		return err
	}
	if config.SecretKey, err = os.ReadFile(secretPath); err != nil {
		return fmt.Errorf("read the gateway's secret: %w", err)
	}
	pool, err := database.Open(ctx, url, "gateway")
	if err != nil {
		return err
	}
	defer pool.Close()
	probe, err := bus.NewProbe(brokers)
	if err != nil {
		return err
	}
	defer probe.Close()
	a, err := admin.Open(ctx, s.Or(admin.Env, admin.Default), log)
	if err != nil {
		return err
	}
	defer a.Close()
	a.Check("database", pool.Ping)
	a.Check("kafka", probe.Ping)
	a.Check("liquidityd", admin.Socket(liquidity))
	for chain, socket := range wallets {
		a.Check("hotwalletd-"+string(chain), admin.Socket(socket))
	}
	flow.Outbox(a.Metrics(), pool, "gateway")
	flow.Consumer(a.Metrics(), pool, probe, gateway.Group, bus.TopicUpdates)
	config.Observer = public.Observer(a.Metrics())
	g, err := gateway.New(config, postgres.New(pool), gateway.Connect(liquidity, wallets))
	if err != nil {
		return err
	}
	relay, err := bus.NewRelay(bus.RelayConfig{Source: "gateway", Brokers: brokers, Pool: pool, Log: log})
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	reload := daemon.Reload(s, d, log, g.SetRules)
	log.Info("ready", "address", l.Addr().String())
	a.Started()
	return daemon.Group(ctx, a.Run, relay.Run, reload, func(ctx context.Context) error { return g.Run(ctx, l, brokers) })
}

// policy is the deployment as the gateway takes it.
func policy(s *daemon.Settings, log *slog.Logger) (gateway.Config, deployment.Deployment, error) {
	d, err := s.Deployment()
	if err != nil {
		return gateway.Config{}, d, err
	}
	c := gateway.Config{Networks: d.Networks, Limits: gateway.DefaultLimits(),
		Instance: s.Or(daemon.EnvInstance, ""),
		Streams:  stream.DefaultLimits(), Log: log}
	if c.Rules, err = d.DepositRules(); err != nil {
		return c, d, err
	}
	if c.QuoteKeys, err = d.PublicQuoteKeys(); err != nil {
		return c, d, err
	}
	c.AttestKeys, err = d.PublicAttestKeys()
	return c, d, err
}

// sockets reads "chain=path" pairs.
func sockets(text string) (map[asset.Chain]string, error) {
	paths := map[asset.Chain]string{}
	for part := range strings.SplitSeq(text, ",") {
		chain, path, ok := strings.Cut(part, "=")
		if !ok || path == "" {
			return nil, fmt.Errorf("FERRY_WALLET_SOCKETS: %q is not chain=path", part)
		}
		paths[asset.Chain(chain)] = path
	}
	return paths, nil
}
