package postgres

import (
	"context"
	"fmt"
	"math/big"
	"strings"

	"github.com/jackc/pgx/v5"

	"ferry/liquidity"
	"ferry/swap/asset"
)

// risk is what one direction has at risk: its deposits and its payouts × seconds.
type risk struct{ deposit, payout *big.Int }

type risks map[asset.Pair]risk

// net is what a pair has at risk, in its From: what is taken in by it, less what the
// opposite direction pays of the same asset. Two locks that pay each other risk nothing.
func (r risks) net(p asset.Pair) *big.Int {
	sum := new(big.Int)
	if own, ok := r[p]; ok {
		sum.Add(sum, own.deposit)
	}
	if opposite, ok := r[asset.Pair{From: p.To, To: p.From}]; ok {
		sum.Sub(sum, opposite.payout)
	}
	return sum
}

// bothWays are the names of pairs and their opposites.
func bothWays(pairs []asset.Pair) []string {
	var names []string
	for _, p := range pairs {
		names = append(names, p.String(), asset.Pair{From: p.To, To: p.From}.String())
	}
	return names
}

func readRisks(rows pgx.Rows) (risks, error) {
	list := risks{}
	for rows.Next() {
		var name, deposit, payout string
		if err := rows.Scan(&name, &deposit, &payout); err != nil {
			return list, err
		}
		from, to, _ := strings.Cut(name, "-")
		d, okDeposit := new(big.Int).SetString(deposit, 10)
		p, okPayout := new(big.Int).SetString(payout, 10)
		if !okDeposit || !okPayout {
			return list, fmt.Errorf("risk of %.40q is %.80q and %.80q, not whole numbers", name, deposit, payout)
		}
		list[asset.Pair{From: asset.ID(from), To: asset.ID(to)}] = risk{d, p}
	}
	return list, rows.Err()
}

// Exposure implements liquidity.Store.
func (s *Store) Exposure(ctx context.Context) (liquidity.Exposure, error) {
	e := liquidity.Exposure{Unconfirmed: map[asset.ID]asset.Units{}, Risk: map[asset.Pair]*big.Int{}}
	now := s.now()
	reads := &pgx.Batch{}
	reads.Queue(unconfirmedSQL, pgx.NamedArgs{"now": now}).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id, sum string
			if err := rows.Scan(&id, &sum); err != nil {
				return err
			}
			var err error
			if e.Unconfirmed[asset.ID(id)], err = asset.ParseUnits(sum); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	reads.Queue(measureRiskSQL, pgx.NamedArgs{"pairs": []string(nil), "order_id": "", "now": now}).Query(func(rows pgx.Rows) error {
		list, err := readRisks(rows)
		for p := range list {
			for _, way := range []asset.Pair{p, {From: p.To, To: p.From}} {
				e.Risk[way] = list.net(way)
			}
		}
		return err
	})
	if err := s.pool.SendBatch(ctx, reads).Close(); err != nil {
		return e, fmt.Errorf("sum what is not confirmed: %w", err)
	}
	return e, nil
}
