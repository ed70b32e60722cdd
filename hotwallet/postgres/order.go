package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/bus"
)

var (
	insertPaymentsSQL        = statement("INSERT_PAYMENTS")
	insertPaymentDepositsSQL = statement("INSERT_PAYMENT_DEPOSITS")
	depositsTakenSQL         = statement("DEPOSITS_TAKEN")
	orderBodiesSQL           = statement("ORDER_BODIES")
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

// insertOrders stores the orders that are new, each whole or not at all, and tells of
// them. It returns those that can't be.
func (s *Store) insertOrders(ctx context.Context, tx pgx.Tx, orders []swap.Order) ([]payment.Refusal, error) {
	if len(orders) == 0 {
		return nil, nil
	}
	var ids, deposits []string
	for _, o := range orders {
		ids, deposits = append(ids, o.ID), append(deposits, o.DepositIDs()...)
	}
	stored, err := orderBodies(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	taken, err := depositsTaken(ctx, tx, deposits)
	if err != nil {
		return nil, err
	}
	fresh, again, refused := sift(orders, stored, taken)
	if err := s.retryOrders(ctx, tx, again); err != nil {
		return nil, err
	}
	fresh, before, err := s.toldBefore(ctx, tx, fresh)
	if err != nil {
		return nil, err
	}
	refused = append(refused, before...)
	now := s.now()
	if err := s.storeOrders(ctx, tx, fresh, now); err != nil {
		return nil, fmt.Errorf("store %d orders: %w", len(fresh), err)
	}
	return refused, tellQueued(ctx, tx, fresh, now)
}

// sift parts orders into those to be stored and those that contradict what is
// stored, or what came before them: another order has their id, or has used one of
// their deposits. Those told again after a failure are apart. What is stored already is
// in none.
func sift(orders []swap.Order, stored map[string]swap.Order, taken map[string]string) (fresh, again []swap.Order, refused []payment.Refusal) {
	for _, o := range orders {
		if same, ok := stored[o.ID]; ok {
			switch {
			case !sameOrder(o, same):
				refused = append(refused, payment.Refusal{Target: o.ID, Reason: payment.RefusedDifferent})
			case o.Retry > same.Retry:
				stored[o.ID] = o
				again = append(again, o)
			}
			continue
		}
		if o.Retry > 0 {
			refused = append(refused, payment.Refusal{Target: o.ID, Reason: payment.RefusedUnknown})
			continue
		}
		used := slices.IndexFunc(o.Deposits, func(d swap.OrderDeposit) bool { return taken[d.ID] != "" })
		if used >= 0 {
			refused = append(refused, payment.Refusal{Target: o.ID, Reason: "another order has used deposit " + o.Deposits[used].ID})
			continue
		}
		stored[o.ID] = o
		for _, d := range o.Deposits {
			taken[d.ID] = o.ID
		}
		fresh = append(fresh, o)
	}
	return fresh, again, refused
}

// storeOrders writes orders whose ids and deposits were free when they were looked
// for. If another chain's hot wallet has used a deposit since, the keys refuse it,
// and the batch is read again.
func (s *Store) storeOrders(ctx context.Context, tx pgx.Tx, orders []swap.Order, now time.Time) error {
	if len(orders) == 0 {
		return nil
	}
	var ids, swaps, purposes, assets, units, destinations, bodies []string
	var deposits, users, depositAssets, depositUnits []string
	for _, o := range orders {
		body, err := json.Marshal(o)
		if err != nil {
			return fmt.Errorf("encode order %s: %w", o.ID, err)
		}
		ids, swaps, purposes = append(ids, o.ID), append(swaps, o.SwapID), append(purposes, string(o.Purpose))
		assets, units = append(assets, string(o.Amount.Asset)), append(units, o.Amount.Units.String())
		destinations, bodies = append(destinations, o.Destination), append(bodies, string(body))
		for _, d := range o.Deposits {
			deposits, users = append(deposits, d.ID), append(users, o.ID)
			depositAssets, depositUnits = append(depositAssets, string(d.Amount.Asset)), append(depositUnits, d.Amount.Units.String())
		}
	}
	if _, err := tx.Exec(ctx, insertPaymentsSQL, s.chain, now, ids, swaps, purposes, assets, units, destinations, bodies); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, insertPaymentDepositsSQL, deposits, users, depositAssets, depositUnits)
	return err
}

// depositsTaken maps those of the deposits that an order uses up to it.
func depositsTaken(ctx context.Context, tx pgx.Tx, ids []string) (map[string]string, error) {
	rows, err := tx.Query(ctx, depositsTakenSQL, ids)
	if err != nil {
		return nil, fmt.Errorf("look for used deposits: %w", err)
	}
	taken := map[string]string{}
	var deposit, user string
	_, err = pgx.ForEachRow(rows, []any{&deposit, &user}, func() error {
		taken[deposit] = user
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for used deposits: %w", err)
	}
	return taken, nil
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

func tellQueued(ctx context.Context, tx pgx.Tx, fresh []swap.Order, now time.Time) error {
	var messages []bus.Message
	for _, o := range fresh {
		m, err := bus.FactMessage(payment.Payment{Order: o}.Fact(swap.FactPaymentQueued, now))
		if err != nil {
			return err
		}
		messages = append(messages, m)
	}
	return bus.Put(ctx, tx, messages...)
}

// sameOrder compares what is ordered; when, and how often, it was ordered is no part of it.
func sameOrder(a, b swap.Order) bool {
	a.At, b.At, a.Retry, b.Retry = time.Time{}, time.Time{}, 0, 0
	return reflect.DeepEqual(a, b)
}
