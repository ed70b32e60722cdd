package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/statemachine/postgres"
	"ferry/swap/bus"
)

// drainGroups of swaps fill the outbox, a round: enough for the relay's start to
// weigh little.
const drainGroups = 12

func init() {
	register(Row{
		Number: 5, Name: "relay",
		What: "the relay empties what those batches put in the outbox",
		Unit: "rows", Goal: 5, Prepare: prepareDrain,
	})
}

// prepareDrain has the batches of row 2 fill an outbox, which the relay then empties.
func prepareDrain(ctx context.Context, env *Env) (*Trial, error) {
	pool, err := env.swapPool(ctx, 1)
	if err != nil {
		return nil, err
	}
	relays, err := env.pool(ctx, pool.Config().ConnConfig.RuntimeParams["search_path"], "relay", 2, postgres.Settings())
	if err != nil {
		pool.Close()
		return nil, err
	}
	filler := &batched{env: env, pool: pool, groups: drainGroups}
	d := &drain{env: env, pool: pool, relays: relays}
	return &Trial{Baseline: Side{Name: "Apply (transitions)", Run: filler.run}, Subject: Side{Name: "relay", Run: d.run},
		Close: func() error { pool.Close(); relays.Close(); return nil }}, nil
}

type drain struct {
	env          *Env
	pool, relays *pgxpool.Pool
	seen         int64
}

// run starts a relay and waits until it has marked the last row.
func (d *drain) run(ctx context.Context, _ int) (Sample, error) {
	var total int64
	if err := d.pool.QueryRow(ctx, "SELECT count(*) FROM outbox").Scan(&total); err != nil {
		return Sample{}, fmt.Errorf("count the outbox: %w", err)
	}
	s, err := d.env.timed(ctx, int(total-d.seen), func(ctx context.Context) error { return d.relayTo(ctx, total) })
	d.seen = total
	return s, err
}

func (d *drain) relayTo(ctx context.Context, last int64) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	relay, err := bus.NewRelay(bus.RelayConfig{Source: "bench", Brokers: d.env.Brokers, Pool: d.relays, Log: d.env.Log})
	if err != nil {
		return err
	}
	relaying, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- relay.Run(relaying) }()
	err = waitUntil(ctx, 20*time.Millisecond, func(ctx context.Context) (bool, error) {
		var at int64
		err := d.pool.QueryRow(ctx, "SELECT seq FROM relay_cursor").Scan(&at)
		return at >= last, err
	})
	stop()
	return errors.Join(err, <-ended)
}

// waitUntil asks again and again until the answer is yes.
func waitUntil(ctx context.Context, every time.Duration, arrived func(context.Context) (bool, error)) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		yes, err := arrived(ctx)
		if err != nil || yes {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the end of a round: %w", ctx.Err())
		case <-ticker.C:
		}
	}
}
