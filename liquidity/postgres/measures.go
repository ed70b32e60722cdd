package postgres

import (
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/liquidity"
	"ferry/swap/asset"
)

// measures are what the requests of a batch are measured against, by what they share.
type measures struct {
	// turn is the asset's.
	turn int64
	// promised is what is promised, seen from balances of those times.
	promised map[time.Time]liquidity.Measure
	clients  map[string]liquidity.Measure
	risks    map[asset.Pair]*big.Int
	// exposure: there is a bound on what a client has promised to it.
	exposure bool
}

// newMeasures has nothing measured yet of what the batch needs.
func newMeasures(batch []*request) *measures {
	m := &measures{promised: map[time.Time]liquidity.Measure{}, clients: map[string]liquidity.Measure{}, risks: map[asset.Pair]*big.Int{}}
	for _, r := range batch {
		m.promised[r.bounds.BalanceAt] = liquidity.Measure{}
		m.clients[r.lock.Client] = liquidity.Measure{}
		m.exposure = m.exposure || r.bounds.ClientPPM > 0
		if !r.bounds.RiskMost.IsZero() {
			m.risks[r.lock.Quote.Pair] = new(big.Int)
		}
	}
	return m
}

// read takes the next turn, and reads all but what is promised of the asset, where nobody
// else books.
func (m *measures) read(in *pgx.Batch, id asset.ID, now time.Time) {
	in.Queue(turnSQL, pgx.NamedArgs{"payout_assets": []string{string(id)}}).QueryRow(func(row pgx.Row) error { return row.Scan(&m.turn) })
	clients := slices.Collect(maps.Keys(m.clients))
	in.Queue(measureClientsSQL, pgx.NamedArgs{"payout_asset": string(id), "clients": clients, "now": now, "exposure": m.exposure}).Query(m.readClients)
	pairs := slices.Collect(maps.Keys(m.risks))
	if len(pairs) == 0 {
		return
	}
	in.Queue(measureRiskSQL, pgx.NamedArgs{"pairs": bothWays(pairs), "order_id": "", "now": now}).Query(func(rows pgx.Rows) error {
		risks, err := readRisks(rows)
		for _, p := range pairs {
			m.risks[p] = risks.net(p)
		}
		return err
	})
}

// sum reads what is promised of the asset, seen from each of the balances.
func (m *measures) sum(in *pgx.Batch, id asset.ID, now time.Time) {
	balances := slices.Collect(maps.Keys(m.promised))
	in.Queue(measurePromisedSQL, pgx.NamedArgs{"payout_asset": string(id), "balances_at": balances, "now": now}).Query(func(rows pgx.Rows) error {
		return m.readPromised(rows, balances)
	})
}

// reckon supposes that so much is promised, from whichever balance it is seen.
func (m *measures) reckon(sums liquidity.Measure) {
	for at := range m.promised {
		m.promised[at] = sums
	}
}

// largest is what is promised as seen from the oldest balance: the most.
func (m *measures) largest() liquidity.Measure {
	var most liquidity.Measure
	for _, one := range m.promised {
		if most.Reserved.Less(one.Reserved) {
			most.Reserved = one.Reserved
		}
		if most.Unconfirmed.Less(one.Unconfirmed) {
			most.Unconfirmed = one.Unconfirmed
		}
	}
	return most
}

// oldest is the time of the oldest balance that a batch is measured against.
func oldest(batch []*request) time.Time {
	first := batch[0].bounds.BalanceAt
	for _, r := range batch {
		if r.bounds.BalanceAt.Before(first) {
			first = r.bounds.BalanceAt
		}
	}
	return first
}

func (m *measures) readPromised(rows pgx.Rows, balances []time.Time) error {
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

func (m *measures) readClients(rows pgx.Rows) error {
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
func (m *measures) of(r *request) liquidity.Measure {
	all, mine := m.promised[r.bounds.BalanceAt], m.clients[r.lock.Client]
	all.OpenLocks, all.ClientReserved = mine.OpenLocks, mine.ClientReserved
	if all.Risk = m.risks[r.lock.Quote.Pair]; all.Risk == nil {
		all.Risk = new(big.Int)
	}
	return all
}

// take counts a request as booked. The opposite of its pair has another payout asset, and
// is in no batch with it.
func (m *measures) take(r *request, now time.Time) error {
	q := r.lock.Quote
	reserve, err := liquidity.Reserve(q)
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
