package postgres

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/liquidity"
	"ferry/swap/asset"
)

// measures are what the requests of a batch are measured against, by what they share.
type measures struct {
	// promised is what is promised, seen from balances of those times.
	promised map[time.Time]liquidity.Measure
	clients  map[string]liquidity.Measure
	risks    map[asset.Pair]*big.Int
}

// measure reads them, for a time, where nobody else books.
func measure(ctx context.Context, tx pgx.Tx, id asset.ID, batch []*request, now time.Time) (measures, error) {
	m := measures{promised: map[time.Time]liquidity.Measure{}, clients: map[string]liquidity.Measure{}, risks: map[asset.Pair]*big.Int{}}
	var balances []time.Time
	var clients []string
	var pairs []asset.Pair
	for _, r := range batch {
		if at := r.bounds.BalanceAt; !has(m.promised, at) {
			m.promised[at] = liquidity.Measure{}
			balances = append(balances, at)
		}
		if !has(m.clients, r.lock.Client) {
			m.clients[r.lock.Client] = liquidity.Measure{}
			clients = append(clients, r.lock.Client)
		}
		if p := r.lock.Quote.Pair; !r.bounds.RiskMost.IsZero() && !has(m.risks, p) {
			m.risks[p] = new(big.Int)
			pairs = append(pairs, p)
		}
	}
	reads := &pgx.Batch{}
	reads.Queue(measurePromisedSQL, pgx.NamedArgs{"payout_asset": string(id), "balances_at": balances, "now": now}).Query(func(rows pgx.Rows) error {
		return m.readPromised(rows, balances)
	})
	reads.Queue(measureClientsSQL, pgx.NamedArgs{"payout_asset": string(id), "clients": clients, "now": now}).Query(m.readClients)
	if len(pairs) > 0 {
		reads.Queue(measureRiskSQL, pgx.NamedArgs{"pairs": bothWays(pairs), "now": now}).Query(func(rows pgx.Rows) error {
			risks, err := readRisks(rows)
			for _, p := range pairs {
				m.risks[p] = risks.net(p)
			}
			return err
		})
	}
	if err := tx.SendBatch(ctx, reads).Close(); err != nil {
		return m, fmt.Errorf("measure what is promised: %w", err)
	}
	return m, nil
}

func has[K comparable, V any](m map[K]V, key K) bool {
	_, ok := m[key]
	return ok
}

func (m measures) readPromised(rows pgx.Rows, balances []time.Time) error {
	for n := 0; rows.Next(); n++ {
		var reserved, unconfirmed string
		if err := rows.Scan(&reserved, &unconfirmed); err != nil {
			return err
		}
		var one liquidity.Measure
		var err error
		if one.Reserved, err = asset.ParseUnits(reserved); err != nil {
			return err
		}
		if one.Unconfirmed, err = asset.ParseUnits(unconfirmed); err != nil {
			return err
		}
		m.promised[balances[n]] = one
	}
	return rows.Err()
}

func (m measures) readClients(rows pgx.Rows) error {
	for rows.Next() {
		var client, reserved string
		var one liquidity.Measure
		if err := rows.Scan(&client, &one.OpenLocks, &reserved); err != nil {
			return err
		}
		var err error
		if one.ClientReserved, err = asset.ParseUnits(reserved); err != nil {
			return err
		}
		m.clients[client] = one
	}
	return rows.Err()
}

// of is a request's measure.
func (m measures) of(r *request) liquidity.Measure {
	all, mine := m.promised[r.bounds.BalanceAt], m.clients[r.lock.Client]
	all.OpenLocks, all.ClientReserved = mine.OpenLocks, mine.ClientReserved
	if all.Risk = m.risks[r.lock.Quote.Pair]; all.Risk == nil {
		all.Risk = new(big.Int)
	}
	return all
}

// take counts a request as booked. The opposite of its pair has another payout asset, and
// is in no batch with it.
func (m measures) take(r *request, now time.Time) error {
	q := r.lock.Quote
	reserve, err := q.Payout.Units.Add(q.NetworkFee.Units)
	if err != nil {
		return err
	}
	for at, all := range m.promised {
		if all.Reserved, err = all.Reserved.Add(reserve); err != nil {
			return err
		}
		if all.Unconfirmed, err = all.Unconfirmed.Add(reserve); err != nil {
			return err
		}
		m.promised[at] = all
	}
	mine := m.clients[r.lock.Client]
	if mine.ClientReserved, err = mine.ClientReserved.Add(reserve); err != nil {
		return err
	}
	mine.OpenLocks++
	m.clients[r.lock.Client] = mine
	if risk, counted := m.risks[q.Pair]; counted {
		m.risks[q.Pair] = new(big.Int).Add(risk, liquidity.RiskOf(q, now))
	}
	return nil
}
