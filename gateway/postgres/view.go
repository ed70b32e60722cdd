package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/gateway"
	"ferry/gateway/stream"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// Project implements gateway.Store.
func (s *Store) Project(ctx context.Context, consumer string, b bus.Batch, updates []swap.Update) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := bus.AdvanceOffset(ctx, tx, consumer, b); err != nil {
			return err
		}
		return project(ctx, tx, updates...)
	})
	if err != nil {
		return explain(fmt.Sprintf("project %d updates", len(updates)), err)
	}
	return nil
}

// project sends all updates in one round trip, in their order.
func project(ctx context.Context, tx pgx.Tx, updates ...swap.Update) error {
	if len(updates) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	for _, u := range updates {
		body, err := json.Marshal(u)
		if err != nil {
			return fmt.Errorf("encode an update of %s: %w", u.SwapID, err)
		}
		more, err := json.Marshal(detailOf(u))
		if err != nil {
			return fmt.Errorf("encode an update of %s: %w", u.SwapID, err)
		}
		batch.Queue(projectSQL, u.SwapID, u.Version, string(u.State), string(body), string(u.Cause), u.Message, u.At, string(more))
	}
	return tx.SendBatch(ctx, batch).Close()
}

// detail is what a row of the history says beside its columns: what an update says
// of whom it waits for. Deposits and payments are in the view only.
type detail struct {
	Actor         string          `json:"next_actor,omitempty"`
	By            time.Time       `json:"act_by,omitzero"`
	Reason        string          `json:"reason,omitempty"`
	Missing       asset.Amount    `json:"missing,omitzero"`
	RefundAddress string          `json:"refund_address,omitempty"`
	Mismatches    []swap.Mismatch `json:"mismatches,omitempty"`
}

func detailOf(u swap.Update) detail {
	return detail{Actor: u.Actor, By: u.By, Reason: u.Reason, Missing: u.Missing, RefundAddress: u.RefundAddress,
		Mismatches: u.Mismatches[:min(len(u.Mismatches), stream.MismatchesShown)]}
}

func (d detail) of(u swap.Update) swap.Update {
	u.Actor, u.By, u.Reason, u.Missing, u.RefundAddress, u.Mismatches = d.Actor, d.By, d.Reason, d.Missing, d.RefundAddress, d.Mismatches
	return u
}

// Offset implements gateway.Store.
func (s *Store) Offset(ctx context.Context, consumer, topic string, partition int32) (int64, error) {
	return bus.LoadOffset(ctx, s.pool, consumer, topic, partition)
}

// Swap implements gateway.Store. Both statements see one moment.
func (s *Store) Swap(ctx context.Context, id string, updates int) (gateway.Record, error) {
	var rec gateway.Record
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error {
		var body []byte
		err := tx.QueryRow(ctx, swapReadSQL, id).Scan(&rec.SignedQuote, &rec.SignedReceipt, &rec.CreatedAt, &body)
		if errors.Is(err, pgx.ErrNoRows) {
			return gateway.ErrNoSwap
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal(body, &rec.Newest); err != nil {
			return fmt.Errorf("decode the view: %w", err)
		}
		rows, err := tx.Query(ctx, historyReadSQL, id, updates)
		if err != nil {
			return err
		}
		rec.History, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (swap.Update, error) {
			u := swap.Update{SwapID: id}
			var d detail
			err := row.Scan(&u.Version, &u.State, &u.Cause, &u.Message, &u.At, &d)
			return d.of(u), err
		})
		return err
	})
	if err != nil {
		return gateway.Record{}, explain("read swap "+id, err)
	}
	return rec, nil
}
