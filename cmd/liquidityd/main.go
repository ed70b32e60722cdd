// Command liquidityd prices and locks, and prices anew what does not match a quote. It
// holds the key that signs quotes and, where it hedges, keys at venues; it reaches the
// venues, Postgres and Kafka.
package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/cmd/internal/admin"
	"ferry/cmd/internal/admin/desk"
	"ferry/cmd/internal/admin/flow"
	"ferry/cmd/internal/admin/market"
	"ferry/cmd/internal/daemon"
	"ferry/cmd/internal/database"
	"ferry/deploy/deployment"
	"ferry/liquidity"
	"ferry/liquidity/hedge"
	"ferry/liquidity/postgres"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/rpc"
)

func main() { daemon.Main("liquidityd", run) }

// balanceStaleAfter is how old the hot wallet's word may be to be acted on.
const balanceStaleAfter = 20 * time.Second

func run(ctx context.Context, s *daemon.Settings, log *slog.Logger) error {
	collectLate(s)
	brokers, url := s.Brokers(), s.Need(daemon.EnvDatabaseURL, "Postgres, as role ferry_liquidity")
	listen := s.Need("FERRY_LISTEN", "path of the Unix socket to listen on")
	keyPath := s.Need("FERRY_QUOTE_KEY", "PEM file of the key that signs quotes")
	d, err := s.Deployment()
	if err != nil {
		return err
	}
	config, err := policy(d)
	if err != nil {
		return err
	}
	key, attestKeys, err := keys(d, keyPath)
	if err != nil {
		return err
	}
	pool, err := database.Open(ctx, url, "liquidity")
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
	plan, err := planHedging(s.Or)
	if err != nil {
		return err
	}
	live, config, subscribed, err := configure(ctx, s, config, plan.hedging(), pool, log)
	if err != nil {
		return err
	}
	held := &holdings{}
	engine, err := liquidity.New(config, liquidity.Parts{Hedges: held.beyond, Drawdown: held.drawdown, Store: postgres.New(pool, time.Now), Subscriptions: subscribed, Open: opener(s.Or, log),
		Key: key, AttestKeys: attestKeys, Brokers: brokers, Instance: s.Or(daemon.EnvInstance, ""), Log: log, Now: time.Now,
		Observe: desk.Calls(a.Metrics()), Requoted: desk.Requotes(a.Metrics())})
	if err != nil {
		return err
	}
	live.engine = engine
	desk.Config(a.Metrics(), live.now, live.age)
	relay, err := bus.NewRelay(bus.RelayConfig{Source: "liquidity", Brokers: brokers, Pool: pool, Log: log})
	if err != nil {
		return err
	}
	parts, err := hedging(s, a, live, plan, held, pool, probe, log)
	if err != nil {
		return err
	}
	l, err := rpc.Listen(listen, -1)
	if err != nil {
		return err
	}
	log.Info("ready")
	a.Started()
	return daemon.Group(ctx, append(parts, a.Run, relay.Run, engine.Run, live.run, serving(engine, l))...)
}

// serving answers calls on the socket.
func serving(engine *liquidity.Engine, l net.Listener) func(context.Context) error {
	mux := http.NewServeMux()
	mux.Handle(engine.Handler())
	return func(ctx context.Context) error { return rpc.Serve(ctx, l, mux) }
}

// collectLate has garbage collected late for as long as the process lives, unless its environment
// says when.
func collectLate(s *daemon.Settings) {
	if s.Or("GOGC", "") == "" && s.Or("GOMEMLIMIT", "") == "" {
		liquidity.CollectLate()
	}
}

// keys are the one that signs quotes, and attestd's.
func keys(d deployment.Deployment, path string) (ed25519.PrivateKey, swap.PublicKeys, error) {
	attestKeys, err := d.PublicAttestKeys()
	if err != nil {
		return nil, nil, err
	}
	key, err := daemon.SigningKey(path)
	return key, attestKeys, err
}

// hedging is the hedger as a part of the daemon, if there is to be one: held then tells of
// what it holds. It makes everything observed.
func hedging(s *daemon.Settings, a *admin.Server, live *configured, plan *hedgePlan, held *holdings, pool *pgxpool.Pool, probe *bus.Probe, log *slog.Logger) ([]func(context.Context) error, error) {
	engine := live.engine
	hedges, err := plan.hedger(live, hedgeParts{brokers: s.Brokers(), instance: s.Or(daemon.EnvInstance, ""), pool: pool, prices: engine.Prices,
		observe: desk.HedgeOrders(a.Metrics()), log: log})
	if err != nil || hedges == nil {
		observe(a, engine, pool, probe)
		return nil, err
	}
	held.hedger.Store(hedges)
	desk.Hedges(a.Metrics(), pool)
	desk.Drawdown(a.Metrics(), hedges.Drawdown)
	observe(a, engine, pool, probe, flow.Group{Name: hedge.Group, Topics: []string{bus.TopicUpdates}})
	return []func(context.Context) error{hedges.Run}, nil
}

// observe adds the checks and metrics; groups are consumers besides the engine's.
func observe(a *admin.Server, engine *liquidity.Engine, pool *pgxpool.Pool, probe *bus.Probe, groups ...flow.Group) {
	a.Check("database", pool.Ping)
	a.Check("kafka", probe.Ping)
	a.Check("prices", desk.Venues(engine.Prices))
	desk.Prices(a.Metrics(), engine.Prices)
	desk.Pairs(a.Metrics(), engine.Rates)
	desk.Locks(a.Metrics(), pool, time.Now)
	flow.Outbox(a.Metrics(), pool, "liquidity")
	flow.Consumers(a.Metrics(), pool, probe, append(groups, flow.Group{Name: liquidity.Group, Topics: []string{bus.TopicUpdates}},
		flow.Group{Name: liquidity.RequoteGroup, Topics: []string{bus.TopicRequotes}})...)
	a.Handle("GET "+market.Path, market.Handler(engine.Prices, time.Now))
}

// policy is the deployment as the engine takes it.
func policy(d deployment.Deployment) (liquidity.Config, error) {
	c := liquidity.Config{Fees: map[asset.ID]liquidity.Fees{}, DepositWindowSeconds: d.Locks.DepositWindowSeconds, VariableWindowSeconds: d.Locks.VariableWindowSeconds,
		ConfirmWindowSeconds: d.Locks.ConfirmWindowSeconds, LockFor: d.Locks.LockFor(),
		MaxLocksPerClient: d.Locks.MaxPerClient, BalanceStaleAfter: balanceStaleAfter, OversubscribePPM: d.Market.OversubscribePPM,
		UnconfirmedPPM: d.Market.UnconfirmedPPM, ClientPPM: d.Market.ClientPPM}
	var err error
	if c.Market, err = marketPolicy(d.Market); err != nil {
		return c, err
	}
	for _, a := range d.Networks.Assets() {
		amounts, err := d.AmountsOf(a.ID)
		if err != nil {
			return c, err
		}
		c.Fees[a.ID] = liquidity.Fees{Network: asset.Amount{Asset: a.ID, Units: amounts.NetworkFee},
			RefundMax: asset.Amount{Asset: a.ID, Units: amounts.RefundFeeMax}}
	}
	for _, p := range d.Pairs {
		least, err := asset.ParseDecimal(p.From, p.MinDeposit)
		if err != nil {
			return c, fmt.Errorf("pair %s-%s: %w", p.From, p.To, err)
		}
		most, err := asset.ParseDecimal(p.From, p.MaxDeposit)
		if err != nil {
			return c, fmt.Errorf("pair %s-%s: %w", p.From, p.To, err)
		}
		risk := asset.Amount{Asset: p.From}
		if p.RiskMost != "" {
			if risk, err = asset.ParseDecimal(p.From, p.RiskMost); err != nil {
				return c, fmt.Errorf("pair %s-%s: risk_most: %w", p.From, p.To, err)
			}
		}
		c.Pairs = append(c.Pairs, liquidity.PairConfig{Pair: asset.Pair{From: p.From, To: p.To},
			SpreadBPS: p.SpreadBasisPoints, FeeBPS: p.ServiceFeeBasisPoints, FloorBPS: p.Floor(), Min: least, Max: most, RiskMost: risk.Units})
	}
	return c, nil
}

// wholePPM is one whole in millionths.
const wholePPM = 1_000_000

// marketPolicy is the deployment's market as the engine takes it.
func marketPolicy(m deployment.Market) (liquidity.MarketConfig, error) {
	c := liquidity.MarketConfig{Venues: map[string]liquidity.VenueTerms{}, DayMovePPM: m.DayMovePPM, PremiumMostPPM: m.PremiumMostPPM,
		SkewMostPPM: m.SkewMostPPM, LossMostPPM: m.LossMostPPM, DrawdownMostPPM: m.DrawdownMostPPM, StopMovePPM: m.StopMovePPM, Targets: map[asset.ID]liquidity.Target{}}
	for name, v := range m.Venues {
		if !slices.ContainsFunc(register, func(r registration) bool { return r.name == name }) {
			return c, fmt.Errorf("market.venues names %.40q, which is no venue", name)
		}
		if v.SharePPM == 0 {
			v.SharePPM = wholePPM
		}
		c.Venues[name] = liquidity.VenueTerms(v)
	}
	targets, err := m.TargetUnits()
	if err != nil {
		return c, err
	}
	for id, t := range targets {
		c.Targets[id] = liquidity.Target(t)
	}
	return c, nil
}
