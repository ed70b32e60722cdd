// Command swapd runs the state machine: it consumes facts, decides, and tells of
// orders and updates. It holds no key and reaches Postgres and Kafka only.
package main

import (
	"context"
	"log/slog"
	"time"

	"ferry/cmd/internal/admin"
	"ferry/cmd/internal/admin/flow"
	"ferry/cmd/internal/admin/swaps"
	"ferry/cmd/internal/daemon"
	"ferry/cmd/internal/database"
	"ferry/deploy/deployment"
	"ferry/statemachine"
	"ferry/statemachine/consume"
	"ferry/statemachine/deadline"
	"ferry/statemachine/postgres"
	"ferry/swap/bus"
)

func main() { daemon.Main("swapd", run) }

// Deadlines are looked for each second and told a little late, so that sightings
// from before them arrive first.
const (
	deadlineEvery = time.Second
	deadlineGrace = 5 * time.Second
)

func run(ctx context.Context, s *daemon.Settings, log *slog.Logger) error {
	brokers, url := s.Brokers(), s.Need(daemon.EnvDatabaseURL, "Postgres, as role ferry_swap")
	d, err := s.Deployment()
	if err != nil {
		return err
	}
	quoteKeys, err := d.PublicQuoteKeys()
	if err != nil {
		return err
	}
	attestKeys, err := d.PublicAttestKeys()
	if err != nil {
		return err
	}
	alone, err := d.StaffLimits()
	if err != nil {
		return err
	}
	fees, err := d.RefundFees()
	if err != nil {
		return err
	}
	rules := statemachine.Rules{QuoteKeys: quoteKeys, AttestKeys: attestKeys, StaffAlone: alone, RefundFees: fees, Waits: waits(d.Waits)}
	pool, err := database.Open(ctx, url, "swap", postgres.Settings())
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
	flow.Outbox(a.Metrics(), pool, "swap")
	flow.Consumer(a.Metrics(), pool, probe, postgres.Consumer, bus.TopicFacts)
	swaps.Register(a.Metrics(), pool)

	wake, told := daemon.Wake()
	store := postgres.Gather(postgres.New(pool))
	handler := consume.Handler{Store: store, Log: log, Told: told, Observer: swaps.Observer(a.Metrics()),
		Rules: rules}
	consumer, err := bus.NewConsumer(bus.ConsumerConfig{Group: postgres.Consumer, Instance: s.Or(daemon.EnvInstance, ""), Brokers: brokers,
		Topics: []string{bus.TopicFacts}, Load: store.LoadOffset, Handle: handler.Handle,
		AtOnce: postgres.PartitionsAtOnce, Log: log})
	if err != nil {
		return err
	}
	relay, err := bus.NewRelay(bus.RelayConfig{Source: "swap", Brokers: brokers, Pool: pool, Log: log, Wake: wake})
	if err != nil {
		return err
	}
	sweeper := deadline.Config{Store: store, Every: deadlineEvery, Grace: deadlineGrace, Now: time.Now, Log: log, Told: told}
	log.Info("ready")
	a.Started()
	return daemon.Group(ctx, a.Run, consumer.Run, relay.Run, func(ctx context.Context) error { return deadline.Run(ctx, sweeper) })
}

func waits(w deployment.Waits) statemachine.Waits {
	return statemachine.Waits{Price: time.Duration(w.PriceSeconds) * time.Second, Answer: time.Duration(w.AnswerSeconds) * time.Second,
		Reminder: time.Duration(w.ReminderSeconds) * time.Second, Approval: time.Duration(w.ApprovalSeconds) * time.Second}
}
