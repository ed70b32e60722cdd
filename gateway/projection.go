package gateway

import (
	"context"
	"fmt"

	"ferry/swap"
	"ferry/swap/bus"
)

// Group is the consumer group of the updates topic, and the name its offsets are
// stored under: all processes of a deployment share the work.
const Group = "gateway"

// HandleUpdates stores a batch of the updates topic. It is what a bus.Consumer is
// given; after an error the batch is read again.
//
// A record that is no update can never be stored: it is logged and passed over.
func (g *Gateway) HandleUpdates(ctx context.Context, b bus.Batch) error {
	malformed := b.Malformed
	var updates []swap.Update
	for _, r := range b.Records {
		u, err := r.Update()
		if err == nil {
			err = checkUpdate(u, r.Key)
		}
		if err != nil {
			malformed = append(malformed, err)
			continue
		}
		updates = append(updates, u)
	}
	if err := g.store.Project(ctx, Group, b, updates); err != nil {
		return err
	}
	for _, u := range updates {
		g.hub.Told(u.SwapID, u.Version)
	}
	for _, err := range malformed {
		g.config.Log.ErrorContext(ctx, "update passed over", "topic", b.Topic, "partition", b.Partition, "error", err)
	}
	return nil
}

// hearUpdate takes a record of the updates topic as a hint: another process of the
// group may be the one that stores it. What is malformed is logged there.
func (g *Gateway) hearUpdate(r bus.Record) {
	if u, err := r.Update(); err == nil && checkUpdate(u, r.Key) == nil {
		g.hub.Told(u.SwapID, u.Version)
	}
}

// states are those an update may tell of.
var states = map[swap.State]bool{
	swap.AwaitingDeposit: true, swap.DepositDetected: true, swap.DepositConfirmed: true,
	swap.PayoutQueued: true, swap.PayoutBroadcast: true, swap.Settled: true, swap.Expired: true,
	swap.RefundQueued: true, swap.RefundBroadcast: true, swap.Refunded: true, swap.Held: true,
}

func checkUpdate(u swap.Update, key string) error {
	switch {
	case !swap.ValidID(swap.SwapPrefix, u.SwapID) || u.SwapID != key:
		return fmt.Errorf("update of %.60q under key %.60q: %w", u.SwapID, key, bus.ErrMalformed)
	case u.Version < 1:
		return fmt.Errorf("update of %s has version %d: %w", u.SwapID, u.Version, bus.ErrMalformed)
	case !states[u.State]:
		return fmt.Errorf("update of %s has state %.40q: %w", u.SwapID, u.State, bus.ErrMalformed)
	case u.At.IsZero():
		return fmt.Errorf("update of %s has no time: %w", u.SwapID, bus.ErrMalformed)
	}
	return nil
}
