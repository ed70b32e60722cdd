package liquidity

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"ferry/swap"
	"ferry/swap/bus"
	"ferry/swap/crash"
)

// Group names the consumer of updates, in Kafka and beside its offsets.
const Group = "liquidity"

// Limits of closing.
const (
	lapseEvery = 10 * time.Second
	lapseBatch = 1000
)

// closer ends the reservations of swaps that are over.
type closer struct {
	store Store
	log   *slog.Logger
	// instance is the process's name within the group.
	instance string
}

// consumer reads bus.TopicUpdates.
func (c closer) consumer(brokers []string) (*bus.Consumer, error) {
	return bus.NewConsumer(bus.ConsumerConfig{
		Group: Group, Instance: c.instance, Brokers: brokers, Topics: []string{bus.TopicUpdates}, Log: c.log, Handle: c.handle,
		Load: func(ctx context.Context, topic string, partition int32) (int64, error) {
			return c.store.Offset(ctx, Group, topic, partition)
		},
	})
}

// handle closes what the batch says is over. An update that was overtaken or is
// repeated closes nothing that it should not, so neither needs to be recognised.
func (c closer) handle(ctx context.Context, b bus.Batch) error {
	for _, err := range b.Malformed {
		c.log.ErrorContext(ctx, "update can't be read and is passed over", "error", err)
	}
	updates := make([]swap.Update, 0, len(b.Records))
	for _, r := range b.Records {
		u, err := r.Update()
		if err != nil || u.SwapID != r.Key {
			c.log.ErrorContext(ctx, "update is not one of its key and is passed over", "swap", r.Key, "offset", r.Offset, "error", err)
			continue
		}
		updates = append(updates, u)
	}
	crash.Point("liquidity.close.before")
	closed, err := c.store.Close(ctx, Group, b, updates)
	if err != nil {
		return fmt.Errorf("close what %d updates end: %w", len(updates), err)
	}
	crash.Point("liquidity.close.after")
	if closed > 0 {
		c.log.DebugContext(ctx, "promises closed", "promises", closed)
	}
	return nil
}

// lapse closes what nobody accepted, now and then, until ctx ends. Such locks
// reserve nothing; closing them keeps the sums over open ones short.
func (c closer) lapse(ctx context.Context) error {
	ticker := time.NewTicker(lapseEvery)
	defer ticker.Stop()
	for {
		crash.Point("liquidity.lapse.before")
		if _, err := c.store.Lapse(ctx, lapseBatch); err != nil && ctx.Err() == nil {
			c.log.WarnContext(ctx, "lapsed locks were not closed, will try again", "error", err)
		}
		crash.Point("liquidity.lapse.after")
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
