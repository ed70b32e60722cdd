package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"ferry/liquidity"
	"ferry/swap"
	"ferry/swap/bus"
)

// Close implements liquidity.Store.
func (s *Store) Close(ctx context.Context, consumer string, b bus.Batch, updates []swap.Update) (closed int64, err error) {
	var over, told []string
	for _, u := range updates {
		told = append(told, u.SwapID)
		if liquidity.EndsLock(u.State) {
			over = append(over, u.SwapID)
		}
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := bus.AdvanceOffset(ctx, tx, consumer, b); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, closeLockSQL); err != nil {
			return fmt.Errorf("wait for answers: %w", err)
		}
		tag, err := tx.Exec(ctx, closeSQL, pgx.NamedArgs{"now": s.now(), "swap_ids": over})
		if err != nil {
			return err
		}
		if err := stage(ctx, tx, updates); err != nil {
			return err
		}
		requotes, err := s.closeRequotes(ctx, tx, told, updates)
		closed = tag.RowsAffected() + requotes
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("close promises: %w", err)
	}
	return closed, nil
}

// stage notes how sure the locks of swaps have become.
func stage(ctx context.Context, tx pgx.Tx, updates []swap.Update) error {
	newest := map[string]swap.Update{}
	for _, u := range updates {
		if _, tells := liquidity.StageOf(u.State); tells && u.Version >= newest[u.SwapID].Version {
			newest[u.SwapID] = u
		}
	}
	if len(newest) == 0 {
		return nil
	}
	var ids []string
	var stages []int16
	var versions []int64
	for _, id := range slices.Sorted(maps.Keys(newest)) {
		reached, _ := liquidity.StageOf(newest[id].State)
		ids, stages, versions = append(ids, id), append(stages, int16(reached)), append(versions, newest[id].Version)
	}
	for _, sql := range []string{stageSQL, stageRatesSQL} {
		if _, err := tx.Exec(ctx, sql, pgx.NamedArgs{"swap_ids": ids, "stages": stages, "versions": versions}); err != nil {
			return fmt.Errorf("note how sure locks are: %w", err)
		}
	}
	return nil
}

func (s *Store) closeRequotes(ctx context.Context, tx pgx.Tx, told []string, updates []swap.Update) (int64, error) {
	rows, err := tx.Query(ctx, closeRequotedSQL, pgx.NamedArgs{"swap_ids": told})
	if err != nil {
		return 0, fmt.Errorf("read open requotes: %w", err)
	}
	open, err := pgx.CollectRows(rows, pgx.RowToStructByPos[liquidity.Requoted])
	if err != nil || len(open) == 0 {
		return 0, err
	}
	var ended []string
	for _, r := range open {
		for _, u := range updates {
			if r.EndedBy(u) {
				ended = append(ended, r.RequestID)
				break
			}
		}
	}
	tag, err := tx.Exec(ctx, closeRequotesSQL, pgx.NamedArgs{"now": s.now(), "request_ids": ended})
	return tag.RowsAffected(), err
}
