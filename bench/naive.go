package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// statementByStatement writes the rows of one fact a transaction, as a program does
// that knows nothing of pipelines: BEGIN, a round trip for each table, COMMIT.
// Values are encoded beforehand and nothing is guarded.
func statementByStatement(ctx context.Context, env *Env, clients int) (Side, error) {
	schema, err := env.schema(ctx, "swap")
	if err != nil {
		return Side{}, err
	}
	n := &naive{env: env, schema: schema, next: make([]int64, clients)}
	return Side{Name: "statement by statement", Run: n.run}, nil
}

type naive struct {
	env    *Env
	schema string
	// next is each client's offset, in a partition of its own.
	next []int64
}

func (n *naive) run(ctx context.Context, _ int) (Sample, error) {
	var conns []*pgx.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close(ctx) // everything was committed or has failed with an error of its own
		}
	}()
	for range n.next {
		conn, err := n.env.connect(ctx, n.schema)
		if err != nil {
			return Sample{}, err
		}
		conns = append(conns, conn)
	}
	return n.env.inParts(ctx, n.env.scale(singleParts), func() (int, func(context.Context) error, error) {
		work := make([][]writtenRows, len(conns))
		for i := range work {
			var err error
			if work[i], err = encodedLives(); err != nil {
				return 0, nil, err
			}
		}
		return len(conns) * singleLives * lifeLength, func(ctx context.Context) error {
			group, ctx := errgroup.WithContext(ctx)
			for i, rows := range work {
				group.Go(func() error { return n.work(ctx, conns[i], i, rows) })
			}
			return group.Wait()
		}, nil
	})
}

func (n *naive) work(ctx context.Context, conn *pgx.Conn, client int, rows []writtenRows) error {
	for _, w := range rows {
		from := n.next[client]
		n.next[client]++
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			for _, q := range w.pipeline(int32(client), from, from+1).QueuedQueries {
				if _, err := tx.Exec(ctx, q.SQL, q.Arguments...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("write statement by statement: %w", err)
		}
	}
	return nil
}

// encodedLives are singleLives swaps' facts: all first ones before the second ones.
func encodedLives() ([]writtenRows, error) {
	swaps, err := lives(singleLives)
	if err != nil {
		return nil, err
	}
	var rows []writtenRows
	for step := range lifeLength {
		for _, life := range swaps {
			w, err := encode(life[step : step+1])
			if err != nil {
				return nil, err
			}
			rows = append(rows, w)
		}
	}
	return rows, nil
}
