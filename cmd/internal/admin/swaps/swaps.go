// Package swaps measures the state machine: swaps by state and age, what facts came
// to, what waits to be applied.
//
// It imports admin, cmd/internal/database, statemachine and its consume and postgres.
package swaps

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"ferry/cmd/internal/admin"
	"ferry/cmd/internal/database"
	"ferry/statemachine"
	"ferry/statemachine/consume"
	"ferry/statemachine/postgres"
	"ferry/swap"
	"ferry/swap/asset"
)

var (
	count     = admin.Gauge("ferry_swaps", "Swaps in each state; of final states, how many of the newest 10,000.", "state")
	oldest    = admin.Gauge("ferry_swap_oldest_age_seconds", "Since the last change of the swap that stands still longest, for states that are not final.", "state")
	overdue   = admin.Gauge("ferry_swaps_overdue", "Swaps that should have moved by now, for states that are not final.", "state")
	parked    = admin.Gauge("ferry_parked_facts", "Facts that can't be applied yet, counted up to 10,000.")
	parkedAge = admin.Gauge("ferry_parked_fact_oldest_age_seconds", "Age of the oldest fact that can't be applied yet; 0 without any.")
	malformed = admin.Gauge("ferry_malformed_records", "Records that were no facts, counted up to 10,000.")
)

// Register measures what the state machine's schema holds.
func Register(to prometheus.Registerer, pool *pgxpool.Pool) {
	read := func(measure func(ctx context.Context, tx pgx.Tx) ([]admin.Sample, error)) func(context.Context) ([]admin.Sample, error) {
		return func(ctx context.Context) (samples []admin.Sample, err error) {
			err = database.ReadOnly(ctx, pool, admin.ScrapeLimit, func(tx pgx.Tx) (err error) {
				samples, err = measure(ctx, tx)
				return err
			})
			return samples, err
		}
	}
	// Apart, because states are counted over all open swaps: should that take too long
	// one day, the alarming ones are still there.
	to.MustRegister(admin.NewReading("swaps", read(states), count, oldest, overdue))
	to.MustRegister(admin.NewReading("parked", read(waiting), parked, parkedAge, malformed))
}

// states gives every state a value: one that is missing could be a failure.
func states(ctx context.Context, tx pgx.Tx) ([]admin.Sample, error) {
	measures, err := postgres.MeasureStates(ctx, tx)
	if err != nil {
		return nil, err
	}
	byState := map[swap.State]postgres.StateMeasure{}
	for _, m := range measures {
		byState[m.State] = m
	}
	var samples []admin.Sample
	for _, stage := range statemachine.Stages() {
		m, label := byState[stage.State], []string{string(stage.State)}
		samples = append(samples, admin.Sample{Gauge: count, Value: float64(m.Swaps), Labels: label})
		if !stage.Final {
			samples = append(samples, admin.Sample{Gauge: oldest, Value: m.OldestSeconds, Labels: label},
				admin.Sample{Gauge: overdue, Value: float64(m.Overdue), Labels: label})
		}
	}
	return samples, nil
}

func waiting(ctx context.Context, tx pgx.Tx) ([]admin.Sample, error) {
	m, err := postgres.MeasureParked(ctx, tx)
	if err != nil {
		return nil, err
	}
	records, err := postgres.MeasureMalformed(ctx, tx)
	return []admin.Sample{{Gauge: parked, Value: float64(m.Facts)}, {Gauge: parkedAge, Value: m.OldestSeconds},
		{Gauge: malformed, Value: float64(records)}}, err
}

// Observer counts what facts came to.
func Observer(to prometheus.Registerer) consume.Observer {
	transitions := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ferry_facts_total",
		Help: "Facts by kind and by what became of them."}, []string{"kind", "outcome"})
	verdicts := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ferry_deposits_total",
		Help: "Deposits by asset and by what they count as."}, []string{"asset", "verdict"})
	to.MustRegister(transitions, verdicts)
	return consume.Observer{
		Facts: func(kind swap.FactKind, outcome statemachine.Outcome, n int) {
			transitions.WithLabelValues(string(kind), string(outcome)).Add(float64(n))
		},
		Verdict: func(id asset.ID, verdict swap.Verdict) {
			verdicts.WithLabelValues(string(id), string(verdict)).Inc()
		},
	}
}
