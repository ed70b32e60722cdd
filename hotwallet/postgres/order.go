package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/bus"
)

var (
	insertPaymentsSQL = statement("INSERT_PAYMENTS")
	orderBodiesSQL    = statement("ORDER_BODIES")
)

// OrderOffset is where a consumer's partition stands.
func (s *Store) OrderOffset(ctx context.Context, consumer, topic string, partition int32) (int64, error) {
	return bus.LoadOffset(ctx, s.pool, consumer, topic, partition)
}

// AcceptOrders implements payment.OrderStore.
func (s *Store) AcceptOrders(ctx context.Context, consumer string, b bus.Batch, orders []swap.Order, refused []payment.Refusal) ([]payment.Refusal, error) {
	var all []payment.Refusal
	err := s.write(ctx, func(tx pgx.Tx) error {
		if err := bus.AdvanceOffset(ctx, tx, consumer, b); err != nil {
			return err
		}
		conflicts, err := s.insertOrders(ctx, tx, orders)
		if err != nil {
			return err
		}
		all = append(append([]payment.Refusal{}, refused...), conflicts...)
		for _, r := range all {
			if err := s.staffAction(ctx, tx, itself, "alarm.order_refused", r.Target, r.Reason); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func (s *Store) insertOrders(ctx context.Context, tx pgx.Tx, orders []swap.Order) ([]payment.Refusal, error) {
	if len(orders) == 0 {
		return nil, nil
	}
	var ids, swaps, purposes, deposits, assets, units, destinations, bodies []string
	for _, o := range orders {
		body, err := json.Marshal(o)
		if err != nil {
			return nil, fmt.Errorf("encode order %s: %w", o.ID, err)
		}
		ids, swaps, purposes = append(ids, o.ID), append(swaps, o.SwapID), append(purposes, string(o.Purpose))
		deposits, assets = append(deposits, o.DepositID), append(assets, string(o.Amount.Asset))
		units, destinations = append(units, o.Amount.Units.String()), append(destinations, o.Destination)
		bodies = append(bodies, string(body))
	}
	now := s.now()
	rows, err := tx.Query(ctx, insertPaymentsSQL, s.chain, now, ids, swaps, purposes, deposits, assets, units, destinations, bodies)
	if err != nil {
		return nil, fmt.Errorf("store %d orders: %w", len(orders), err)
	}
	fresh, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("store %d orders: %w", len(orders), err)
	}
	stored, err := orderBodies(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	if err := tellQueued(ctx, tx, fresh, stored, now); err != nil {
		return nil, err
	}
	return conflicting(orders, stored), nil
}

// orderBodies reads the stored orders under the ids.
func orderBodies(ctx context.Context, tx pgx.Tx, ids []string) (map[string]swap.Order, error) {
	rows, err := tx.Query(ctx, orderBodiesSQL, ids)
	if err != nil {
		return nil, fmt.Errorf("read stored orders: %w", err)
	}
	stored := map[string]swap.Order{}
	var id, body string
	_, err = pgx.ForEachRow(rows, []any{&id, &body}, func() error {
		o, err := decodeOrder(body)
		stored[id] = o
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read stored orders: %w", err)
	}
	return stored, nil
}

func decodeOrder(body string) (swap.Order, error) {
	var o swap.Order
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		return o, fmt.Errorf("decode a stored order: %w", err)
	}
	return o, nil
}

func tellQueued(ctx context.Context, tx pgx.Tx, fresh []string, stored map[string]swap.Order, now time.Time) error {
	var messages []bus.Message
	for _, id := range fresh {
		m, err := bus.FactMessage(payment.Payment{Order: stored[id]}.Fact(swap.FactPaymentQueued, now))
		if err != nil {
			return err
		}
		messages = append(messages, m)
	}
	return bus.Put(ctx, tx, messages...)
}

// conflicting finds the orders that are not what is stored now: another order
// has their id or has used their deposit.
func conflicting(orders []swap.Order, stored map[string]swap.Order) []payment.Refusal {
	var found []payment.Refusal
	for _, o := range orders {
		same, ok := stored[o.ID]
		switch {
		case !ok:
			found = append(found, payment.Refusal{Target: o.ID, Reason: "another order has used deposit " + o.DepositID})
		case !sameOrder(o, same):
			found = append(found, payment.Refusal{Target: o.ID, Reason: "a different order is stored under this id"})
		}
	}
	return found
}

// sameOrder compares what is ordered; when it was ordered is no part of it.
func sameOrder(a, b swap.Order) bool {
	a.At, b.At = time.Time{}, time.Time{}
	return a == b
}
