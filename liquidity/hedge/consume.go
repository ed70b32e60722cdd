package hedge

import (
	"context"
	"fmt"

	"ferry/swap"
	"ferry/swap/bus"
	"ferry/swap/crash"
)

// Group names the consumer of updates, in Kafka and beside its offsets.
const Group = "hedge"

// consumer reads bus.TopicUpdates.
func (h *Hedger) consumer() (*bus.Consumer, error) {
	return bus.NewConsumer(bus.ConsumerConfig{
		Group: Group, Instance: h.Instance, Brokers: h.Brokers, Topics: []string{bus.TopicUpdates}, Log: h.Log, Handle: h.Handle,
		Load: func(ctx context.Context, topic string, partition int32) (int64, error) {
			return h.Store.Offset(ctx, Group, topic, partition)
		},
	})
}

// Handle books what a batch of updates changes of the exposures. It is the consumer's.
func (h *Hedger) Handle(ctx context.Context, b bus.Batch) error {
	for _, err := range b.Malformed {
		h.Log.ErrorContext(ctx, "update can't be read and is passed over", "error", err)
	}
	var updates []swap.Update
	var ids []string
	for _, r := range b.Records {
		u, err := r.Update()
		if err != nil || u.SwapID != r.Key {
			h.Log.ErrorContext(ctx, "update is not one of its key and is passed over", "swap", r.Key, "offset", r.Offset, "error", err)
			continue
		}
		updates, ids = append(updates, u), append(ids, u.SwapID)
	}
	promises, err := h.Store.Promises(ctx, ids)
	if err != nil {
		return err
	}
	c := h.current()
	moves := h.moves(c)
	exposures := make([]Exposure, len(updates))
	for i, u := range updates {
		var promise *Promise
		if p, ok := promises[u.SwapID]; ok {
			promise = &p
		}
		exposures[i] = c.Expose(u, promise, moves)
	}
	crash.Point("hedge.expose.before")
	if err := h.Store.Expose(ctx, Group, b, exposures, h.caps(c), h.Marks()); err != nil {
		return fmt.Errorf("book what %d updates change: %w", len(updates), err)
	}
	crash.Point("hedge.expose.after")
	select {
	case h.wake <- struct{}{}:
	default: // it is awake already
	}
	return nil
}
