// Package flow measures what moves between services: each outbox that is not yet
// published, and each consumer that is not yet through its topics. Every daemon
// with a schema reports its own.
//
// It imports admin, cmd/internal/database and swap/bus.
package flow

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"ferry/cmd/internal/admin"
	"ferry/cmd/internal/database"
	"ferry/swap/bus"
)

var (
	outboxRows    = admin.Gauge("ferry_outbox_rows", "Messages told and not yet published, counted up to 10,000.", "source")
	outboxAge     = admin.Gauge("ferry_outbox_oldest_age_seconds", "Age of the oldest message not yet published; 0 without any.", "source")
	consumerLag   = admin.Gauge("ferry_consumer_lag_records", "Records of a partition that the consumer has not handled.", "group", "topic", "partition")
	outboxGauges  = []*prometheus.Desc{outboxRows, outboxAge}
	consumerGauge = []*prometheus.Desc{consumerLag}
)

// Outbox measures the outbox of the pool's schema, which the relay publishes as source.
func Outbox(to prometheus.Registerer, pool *pgxpool.Pool, source string) {
	to.MustRegister(admin.NewReading("outbox", func(ctx context.Context) (samples []admin.Sample, err error) {
		err = database.ReadOnly(ctx, pool, admin.ScrapeLimit, func(tx pgx.Tx) error {
			b, err := bus.OutboxBacklog(ctx, tx)
			samples = []admin.Sample{
				{Gauge: outboxRows, Value: float64(b.Rows), Labels: []string{source}},
				{Gauge: outboxAge, Value: b.Oldest.Seconds(), Labels: []string{source}},
			}
			return err
		})
		return samples, err
	}, outboxGauges...))
}

// Group is a consumer group with the topics it reads.
type Group struct {
	Name   string
	Topics []string
}

// Consumer measures how far a group of the pool's schema is behind on topics.
func Consumer(to prometheus.Registerer, pool *pgxpool.Pool, probe *bus.Probe, group string, topics ...string) {
	Consumers(to, pool, probe, Group{Name: group, Topics: topics})
}

// Consumers is Consumer for a daemon with several groups.
func Consumers(to prometheus.Registerer, pool *pgxpool.Pool, probe *bus.Probe, groups ...Group) {
	to.MustRegister(admin.NewReading("consumer", func(ctx context.Context) (samples []admin.Sample, err error) {
		for _, g := range groups {
			lags, err := probe.Lags(ctx, pool, g.Name, g.Topics...)
			if err != nil {
				return samples, err
			}
			for _, l := range lags {
				samples = append(samples, admin.Sample{Gauge: consumerLag, Value: float64(l.Records()),
					Labels: []string{g.Name, l.Topic, fmt.Sprint(l.Partition)}})
			}
		}
		return samples, nil
	}, consumerGauge...))
}
