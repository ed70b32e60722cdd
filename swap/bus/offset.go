package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ErrOffsetMoved means another consumer has advanced the partition since this
// one read its offset. Everything in the transaction must roll back.
var ErrOffsetMoved = errors.New("the consumer's offset has moved")

// Querier is a pool, connection or transaction of pgx.
type Querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// LoadOffset returns the next offset of a partition, 0 where none is stored.
func LoadOffset(ctx context.Context, db Querier, consumer, topic string, partition int32) (int64, error) {
	var next int64
	err := db.QueryRow(ctx, `SELECT coalesce((SELECT next_offset FROM consumer_offset
		WHERE consumer = $1 AND topic = $2 AND partition = $3), 0)`, consumer, topic, partition).Scan(&next)
	if err != nil {
		return 0, fmt.Errorf("load the offset of %s on %s/%d: %w", consumer, topic, partition, err)
	}
	return next, nil
}

// AdvanceOffset moves a batch's partition from b.From to b.Next inside the
// transaction of what the batch caused, or fails with ErrOffsetMoved.
func AdvanceOffset(ctx context.Context, tx Querier, consumer string, b Batch) error {
	var changed int
	err := tx.QueryRow(ctx, countedAdvanceSQL, consumer, b.Topic, b.Partition, b.From, b.Next).Scan(&changed)
	if err != nil {
		return fmt.Errorf("advance the offset of %s on %s/%d: %w", consumer, b.Topic, b.Partition, err)
	}
	if changed != 1 {
		return fmt.Errorf("%s on %s/%d is not at %d: %w", consumer, b.Topic, b.Partition, b.From, ErrOffsetMoved)
	}
	return nil
}
