package main

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"

	"ferry/swap"
)

// bury notes in which states a dead daemon has left the round's swaps, and brings
// it back.
func (w *world) bury(ctx context.Context, daemon string) {
	w.mu.Lock()
	_, aimed := w.aims[daemon]
	trips := w.trips[w.turned:]
	w.mu.Unlock()
	if aimed {
		if err := w.note(ctx, trips); err != nil {
			w.mu.Lock()
			w.lost = errors.Join(w.lost, err)
			w.mu.Unlock()
		}
	}
	w.revive(ctx, daemon)
}

// notMade is the state of a swap that there is not yet.
const notMade swap.State = "not made yet"

func (w *world) note(ctx context.Context, trips []*trip) (err error) {
	ids := []string{}
	for _, t := range trips {
		ids = append(ids, t.id())
	}
	conn, err := pgx.Connect(ctx, w.up.Settings().SupportURL)
	if err != nil {
		return fmt.Errorf("note the swaps' states: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	rows, err := conn.Query(ctx, `SELECT state FROM swap.swap WHERE id = ANY($1)`, ids)
	if err != nil {
		return fmt.Errorf("note the swaps' states: %w", err)
	}
	states, err := pgx.CollectRows(rows, pgx.RowTo[swap.State])
	if err != nil {
		return fmt.Errorf("note the swaps' states: %w", err)
	}
	if len(states) == 0 {
		states = []swap.State{notMade}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, state := range states {
		w.seen[state]++
	}
	return nil
}

// states counts the states in which deaths have found swaps.
func (w *world) states() map[swap.State]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.seen)
}

// turn begins a round: the swaps before it are of no more interest to note.
func (w *world) turn() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turned = len(w.trips)
}
