package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/statemachine"
	"ferry/swap"
)

var (
	measureStatesSQL    = statement("measure_states")
	measureParkedSQL    = statement("measure_parked")
	measureMalformedSQL = statement("measure_malformed")
)

// MeasuredMost is how far parked facts and malformed records are counted.
const MeasuredMost = 10_000

// deadlineLate is how long after its deadline a swap may still stand as before.
const deadlineLate = time.Minute

// Reader is a pool, connection or transaction whose search_path is the state
// machine's schema. The functions below only read.
type Reader interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// StateMeasure is how the swaps of one state stand.
type StateMeasure struct {
	State swap.State
	Swaps int64
	// OldestSeconds is since the last change of the swap that changed longest ago.
	OldestSeconds float64
	// Overdue swaps should have moved by now.
	Overdue int64
}

// MeasureStates counts the swaps of each state that has any: the open ones all, the
// final ones among the newest MeasuredMost. It reads those and no more.
func MeasureStates(ctx context.Context, db Reader) ([]StateMeasure, error) {
	var states []string
	var seconds []float64
	for _, stage := range statemachine.Stages() {
		if stage.Within > 0 {
			states, seconds = append(states, string(stage.State)), append(seconds, stage.Within.Seconds())
		}
	}
	waiting := []string{string(swap.AwaitingDeposit), string(swap.DepositDetected)}
	deadlines := []string{string(swap.DeadlineDepositBy), string(swap.DeadlineConfirmBy)}
	rows, err := db.Query(ctx, measureStatesSQL, states, seconds, waiting, deadlines, deadlineLate.Seconds(), MeasuredMost)
	if err != nil {
		return nil, fmt.Errorf("measure the swaps: %w", err)
	}
	measures, err := pgx.CollectRows(rows, pgx.RowToStructByPos[StateMeasure])
	if err != nil {
		return nil, fmt.Errorf("measure the swaps: %w", err)
	}
	return measures, nil
}

// ParkedMeasure is what waits to be applied, counted up to MeasuredMost.
type ParkedMeasure struct {
	Facts         int64
	OldestSeconds float64
}

// MeasureParked looks at the parked facts.
func MeasureParked(ctx context.Context, db Reader) (ParkedMeasure, error) {
	var m ParkedMeasure
	if err := db.QueryRow(ctx, measureParkedSQL, MeasuredMost).Scan(&m.Facts, &m.OldestSeconds); err != nil {
		return m, fmt.Errorf("measure the parked facts: %w", err)
	}
	return m, nil
}

// MeasureMalformed counts records that were no facts, up to MeasuredMost.
func MeasureMalformed(ctx context.Context, db Reader) (int64, error) {
	var n int64
	if err := db.QueryRow(ctx, measureMalformedSQL, MeasuredMost).Scan(&n); err != nil {
		return 0, fmt.Errorf("count malformed records: %w", err)
	}
	return n, nil
}
