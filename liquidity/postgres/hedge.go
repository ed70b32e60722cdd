package postgres

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/liquidity/hedge"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/ledger"
)

// HedgeStore is hedge.Store on a pool whose search_path is the service's schema.
type HedgeStore struct{ pool *pgxpool.Pool }

var _ hedge.Store = (*HedgeStore)(nil)

// NewHedges uses the pool, which stays the caller's.
func NewHedges(pool *pgxpool.Pool) *HedgeStore { return &HedgeStore{pool} }

// change runs what in a transaction in which nobody else changes the hedges' book.
func (s *HedgeStore) change(ctx context.Context, what func(tx pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, hedgeWaitSQL); err != nil {
			return fmt.Errorf("wait for other changes: %w", err)
		}
		return what(tx)
	})
}

// Offset implements hedge.Store.
func (s *HedgeStore) Offset(ctx context.Context, consumer, topic string, partition int32) (int64, error) {
	return bus.LoadOffset(ctx, s.pool, consumer, topic, partition)
}

// Promises implements hedge.Store.
func (s *HedgeStore) Promises(ctx context.Context, swapIDs []string) (map[string]hedge.Promise, error) {
	rows, err := s.pool.Query(ctx, hedgePromisesSQL, pgx.NamedArgs{"swap_ids": swapIDs})
	if err != nil {
		return nil, fmt.Errorf("read locks of swaps: %w", err)
	}
	promises := map[string]hedge.Promise{}
	var id, pair string
	var deposit, payout asset.Units
	_, err = pgx.ForEachRow(rows, []any{&id, &pair, &deposit, &payout}, func() error {
		from, to, _ := strings.Cut(pair, "-")
		promises[id] = hedge.Promise{Deposit: asset.Amount{Asset: asset.ID(from), Units: deposit}, Payout: asset.Amount{Asset: asset.ID(to), Units: payout}}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read locks of swaps: %w", err)
	}
	return promises, nil
}

// VenueOrders implements hedge.Store. It looks a day farther back, because a trade may be
// told with a time after its order's end.
func (s *HedgeStore) VenueOrders(ctx context.Context, venue string, since time.Time) (map[string]bool, error) {
	rows, err := s.pool.Query(ctx, hedgeVenueOrdersSQL, pgx.NamedArgs{"venue": venue, "since": since.Add(-24 * time.Hour)})
	if err != nil {
		return nil, fmt.Errorf("read orders at %s: %w", venue, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read orders at %s: %w", venue, err)
	}
	known := map[string]bool{}
	for _, id := range ids {
		known[id] = true
	}
	return known, nil
}

// post stores an entry of the book.
func post(ctx context.Context, tx pgx.Tx, e ledger.Entry) error {
	if _, err := tx.Exec(ctx, hedgeEntrySQL, pgx.NamedArgs{"key": e.Key, "kind": e.Kind, "swap_id": e.SwapID}); err != nil {
		return fmt.Errorf("store entry %s: %w", e.Key, err)
	}
	accounts, assets, units := make([]string, len(e.Postings)), make([]string, len(e.Postings)), make([]string, len(e.Postings))
	for i, p := range e.Postings {
		accounts[i], assets[i], units[i] = string(p.Account), string(p.Amount.Asset), p.Signed().String()
	}
	_, err := tx.Exec(ctx, hedgePostingSQL, pgx.NamedArgs{"key": e.Key, "accounts": accounts, "assets": assets, "units": units})
	if err != nil {
		return fmt.Errorf("store the postings of %s: %w", e.Key, err)
	}
	return nil
}

// move changes the positions, in a fixed order.
func move(ctx context.Context, tx pgx.Tx, flows hedge.Flows) error {
	for _, a := range asset.All() {
		n := flows[a.ID]
		if n == nil {
			continue
		}
		if _, err := tx.Exec(ctx, hedgeMoveSQL, pgx.NamedArgs{"asset": string(a.ID), "units": n.String()}); err != nil {
			return fmt.Errorf("change the position of %s: %w", a.ID, err)
		}
	}
	return nil
}

// number reads a signed numeric's text.
func number(text string) (*big.Int, error) {
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return nil, fmt.Errorf("%.80q is no whole number", text)
	}
	return n, nil
}
