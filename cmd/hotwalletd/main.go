// Command hotwalletd is the hot wallet of one chain: it issues deposit addresses,
// watches blocks, and pays what it is ordered to. It derives addresses from
// extended public keys and holds no private one.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/cmd/internal/accounts"
	"ferry/cmd/internal/admin"
	"ferry/cmd/internal/admin/flow"
	"ferry/cmd/internal/admin/wallet"
	"ferry/cmd/internal/daemon"
	"ferry/cmd/internal/database"
	"ferry/deploy/deployment"
	"ferry/hotwallet/dust"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/postgres"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/rpc"
)

func main() { daemon.Main("hotwalletd", run) }

func run(ctx context.Context, s *daemon.Settings, log *slog.Logger) (err error) {
	name := asset.Chain(s.Need("FERRY_CHAIN", "the chain to serve: bitcoin, litecoin, bitcoincash or ethereum"))
	w := wiring{chain: name, log: log.With("chain", name), plain: log, brokers: s.Brokers(),
		listen: s.Need("FERRY_LISTEN", "path of the Unix socket to listen on"),
		attest: s.Need("FERRY_ATTEST_SOCKET", "attestd's Unix socket"),
		signer: s.Need("FERRY_SIGNER_SOCKET", "signerd's Unix socket")}
	url := s.Need(daemon.EnvDatabaseURL, "Postgres, as role ferry_hotwallet")
	if w.deployment, err = s.Deployment(); err != nil {
		return err
	}
	if w.accounts, err = accounts.Load(s, w.deployment.Networks); err != nil {
		return err
	}
	if err = w.readPolicy(s); err != nil {
		return err
	}
	if err = w.openNode(ctx, s); err != nil {
		return err
	}
	pool, err := database.Open(ctx, url, "hotwallet")
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := w.openStore(pool); err != nil {
		return err
	}
	probe, err := bus.NewProbe(w.brokers)
	if err != nil {
		return err
	}
	defer probe.Close()
	a, err := admin.Open(ctx, s.Or(admin.Env, admin.Default), w.log)
	if err != nil {
		return err
	}
	defer a.Close()
	w.observe(a, pool, probe)
	lease, err := w.store.AcquireLease(ctx, fmt.Sprintf("hotwalletd %d", os.Getpid()))
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, lease.Close(closing))
	}()
	relay, err := bus.NewRelay(bus.RelayConfig{Source: "hotwallet", Brokers: w.brokers, Pool: pool, Log: w.log})
	if err != nil {
		return err
	}
	parts, mux, err := w.parts(ctx, lease)
	if err != nil {
		return err
	}
	l, err := rpc.Listen(w.listen, -1)
	if err != nil {
		return err
	}
	serve := func(ctx context.Context) error { return rpc.Serve(ctx, l, mux) }
	reload := daemon.Reload(s, w.deployment, w.log, w.store.SetRules)
	w.log.Info("ready")
	a.Started()
	return daemon.Group(ctx, append(parts, reload, a.Run, relay.Run, lease.Wait, serve)...)
}

// duration is a setting of a second or more.
func duration(s *daemon.Settings, name, usual string) (time.Duration, error) {
	d, err := time.ParseDuration(s.Or(name, usual))
	if err != nil {
		return 0, fmt.Errorf("%s has to be a duration such as %s: %w", name, usual, err)
	}
	if d < time.Second {
		return 0, fmt.Errorf("%s is %s; it can be 1s or more", name, d)
	}
	return d, nil
}

// readPolicy reads whose signatures count, the amounts of the chain's own asset and of
// its tokens, and how long payments wait until they offer all that they may.
func (w *wiring) readPolicy(s *daemon.Settings) (err error) {
	if w.bidWithin, err = duration(s, "FERRY_BID_WITHIN", "1h"); err != nil {
		return err
	}
	if w.bidEvery, err = duration(s, "FERRY_BID_EVERY", "30s"); err != nil {
		return err
	}
	if w.quoteKeys, w.attestKeys, err = trusted(w.deployment); err != nil {
		return err
	}
	if w.amounts, err = w.deployment.Amounts(w.chain); err != nil {
		return err
	}
	w.tokens = map[asset.ID]deployment.Amounts{}
	for _, id := range w.deployment.Tokens(w.chain) {
		if w.tokens[id], err = w.deployment.AmountsOf(id); err != nil {
			return err
		}
	}
	return nil
}

// amountsMax is the most one transaction may pay of each asset.
func (w *wiring) amountsMax() map[asset.ID]asset.Units {
	most := map[asset.ID]asset.Units{w.chain.NativeID(): w.amounts.PaymentMax}
	for id, amounts := range w.tokens {
		most[id] = amounts.PaymentMax
	}
	return most
}

// openStore makes the store, whose facts carry the dust threshold as it moves.
func (w *wiring) openStore(pool *pgxpool.Pool) (err error) {
	w.tellWake, w.wakeTell = daemon.Wake()
	thresholds := map[asset.ID]asset.Units{}
	for id, amounts := range w.tokens {
		thresholds[id] = amounts.DustThreshold
	}
	w.dust, err = dust.New(dust.Config{Chain: w.chain, Fees: w.adapter, Moved: w.wakeTell, Log: w.plain, Tokens: thresholds,
		Limits: dust.Limits{Floor: w.amounts.DustThreshold, Ceiling: w.amounts.DustCeiling}})
	if err != nil {
		return err
	}
	rules, err := w.deployment.DepositRules()
	if err != nil {
		return err
	}
	w.store, err = postgres.New(pool, w.chain, postgres.Config{Rules: rules, Networks: w.deployment.Networks,
		Tokens: w.deployment.Tokens(w.chain), Dust: w.dust.Of, GasReserve: w.amounts.NetworkFee,
		SpendDepth: w.deployment.Chains[w.chain].SpendDepth, Burial: w.deployment.Chains[w.chain].ReorgLimit,
		InFlightMax: w.deployment.Chains[w.chain].InFlightMax, Now: time.Now, Log: w.plain})
	return err
}

// observe adds the checks and metrics; the parts tell w.metrics of themselves.
func (w *wiring) observe(a *admin.Server, pool *pgxpool.Pool, probe *bus.Probe) {
	w.metrics = wallet.New(a.Metrics(), pool, w.chain, time.Now)
	a.Check("database", pool.Ping)
	a.Check("kafka", probe.Ping)
	a.Check("lease", w.store.HoldsLease)
	a.Check("node", w.metrics.Node)
	a.Check("attestd", admin.Socket(w.attest))
	a.Check("signerd", admin.Socket(w.signer))
	flow.Outbox(a.Metrics(), pool, "hotwallet")
	flow.Consumer(a.Metrics(), pool, probe, payment.Group(w.chain), bus.TopicOrders)
}

func trusted(d deployment.Deployment) (quote, attest swap.PublicKeys, err error) {
	if quote, err = d.PublicQuoteKeys(); err != nil {
		return nil, nil, err
	}
	attest, err = d.PublicAttestKeys()
	return quote, attest, err
}
