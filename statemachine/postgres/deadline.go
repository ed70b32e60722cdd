package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/swap"
	"ferry/swap/bus"
	"ferry/swap/crash"
)

var takeDueSQL = statement("take_due")

// TellDue is deadline.Store's.
func (s *Store) TellDue(ctx context.Context, now time.Time, limit int) (int, error) {
	var told int
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, takeDueSQL, now, limit)
		if err != nil {
			return fmt.Errorf("take due deadlines: %w", err)
		}
		var messages []bus.Message
		var id, name string
		var due time.Time
		if _, err := pgx.ForEachRow(rows, []any{&id, &name, &due}, func() error {
			m, err := bus.FactMessage(swap.Fact{Kind: swap.FactDeadlinePassed, SwapID: id, At: swap.Millis(now),
				Deadline: &swap.DeadlineFact{Name: swap.DeadlineName(name), Due: due.UTC()}})
			messages = append(messages, m)
			return err
		}); err != nil {
			return fmt.Errorf("take due deadlines: %w", err)
		}
		if told = len(messages); told > 0 {
			crash.Point("deadline.commit.before")
		}
		return bus.Put(ctx, tx, messages...)
	})
	if err != nil {
		return 0, err
	}
	return told, nil
}
