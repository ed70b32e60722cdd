package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

var (
	measureChainSQL       = statement("MEASURE_CHAIN")
	measureComparisonsSQL = statement("MEASURE_COMPARISONS")
	measurePaymentsSQL    = statement("MEASURE_PAYMENTS")
	measureUnminedSQL     = statement("MEASURE_UNMINED")
	measurePeopleSQL      = statement("MEASURE_PEOPLE")
	measureDepositsSQL    = statement("MEASURE_DEPOSITS")
	measurePoolSQL        = statement("MEASURE_POOL")
	measureLeaseSQL       = statement("MEASURE_LEASE")
)

// ChainMeasure is how one chain stands.
type ChainMeasure struct {
	// Height is the last block processed, -1 before the first; TipSeconds is since it
	// was processed.
	Height     int64
	TipSeconds float64
	Halted     bool
}

// ComparisonMeasure is how books and node differed when they were last compared.
type ComparisonMeasure struct {
	Asset asset.ID
	// Difference is what the node held beyond the books, in base units, Seconds ago.
	Difference *big.Int
	Seconds    float64
}

// PaymentMeasure is how the open payments of a purpose and state stand.
type PaymentMeasure struct {
	Purpose       swap.Purpose
	State         swap.PaymentState
	Payments      int64
	OldestSeconds float64
	// Standing still for a reason that is stored.
	Standing int64
}

// UnminedMeasure is what nodes may have and no block has.
type UnminedMeasure struct {
	Transactions int64
	// OldestSeconds is since the oldest of them was planned; 0 where there is none.
	OldestSeconds float64
}

// PeopleMeasure counts the open payments of a purpose that wait for somebody.
type PeopleMeasure struct {
	Purpose  swap.Purpose
	Payments int64
}

// DepositMeasure counts the deposits of a state that is not final.
type DepositMeasure struct {
	State    swap.DepositState
	Deposits int64
}

// Measure is how the hot wallet of one chain stands.
type Measure struct {
	Chain ChainMeasure
	// Comparisons has one for each asset; it is empty before the first.
	Comparisons []ComparisonMeasure
	Payments    []PaymentMeasure
	Unmined     UnminedMeasure
	// People has one for each purpose with open payments.
	People   []PeopleMeasure
	Deposits []DepositMeasure
	// Ready is how many deposit addresses wait to be given, up to 10,000.
	Ready int64
}

// MeasureChain reads all of it, for scrapes: seven statements that indexes answer.
func MeasureChain(ctx context.Context, db MeasureReader, chain asset.Chain) (Measure, error) {
	var m Measure
	err := db.QueryRow(ctx, measureChainSQL, chain).Scan(&m.Chain.Height, &m.Chain.TipSeconds, &m.Chain.Halted)
	if err != nil {
		return m, fmt.Errorf("measure %s: %w", chain, err)
	}
	if m.Comparisons, err = comparisons(ctx, db, chain); err != nil {
		return m, err
	}
	if m.Payments, err = readAll[PaymentMeasure](ctx, db, "measure the open payments", measurePaymentsSQL, chain); err != nil {
		return m, err
	}
	if err = db.QueryRow(ctx, measureUnminedSQL, chain).Scan(&m.Unmined.Transactions, &m.Unmined.OldestSeconds); err != nil {
		return m, fmt.Errorf("measure what no block of %s has: %w", chain, err)
	}
	if m.People, err = readAll[PeopleMeasure](ctx, db, "measure what waits for people", measurePeopleSQL, chain, payment.PeopleReasons()); err != nil {
		return m, err
	}
	if m.Deposits, err = readAll[DepositMeasure](ctx, db, "measure the deposits", measureDepositsSQL, chain); err != nil {
		return m, err
	}
	if err = db.QueryRow(ctx, measurePoolSQL, chain, 10_000).Scan(&m.Ready); err != nil {
		return m, fmt.Errorf("count the addresses ready on %s: %w", chain, err)
	}
	return m, nil
}

// comparisons reads the newest of each asset.
func comparisons(ctx context.Context, db MeasureReader, chain asset.Chain) ([]ComparisonMeasure, error) {
	type row struct {
		Asset      asset.ID
		Difference string
		Seconds    float64
	}
	rows, err := readAll[row](ctx, db, "read the comparisons with the node", measureComparisonsSQL, chain)
	if err != nil {
		return nil, err
	}
	var all []ComparisonMeasure
	for _, r := range rows {
		n, whole := new(big.Int).SetString(r.Difference, 10)
		if !whole {
			return nil, fmt.Errorf("measure %s: the difference %.40q is no whole number", chain, r.Difference)
		}
		all = append(all, ComparisonMeasure{Asset: r.Asset, Difference: n, Seconds: r.Seconds})
	}
	return all, nil
}

// MeasureReader is a pool, connection or transaction that reads.
type MeasureReader interface {
	Reader
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// ErrNoLease means that this store may not write.
var ErrNoLease = errors.New("the lease is not held")

// HoldsLease returns nil while the newest lease on the chain is this store's.
func (s *Store) HoldsLease(ctx context.Context) error {
	var holds bool
	if err := s.pool.QueryRow(ctx, measureLeaseSQL, s.chain, s.token.Load()).Scan(&holds); err != nil {
		return fmt.Errorf("look at the lease on %s: %w", s.chain, err)
	}
	if !holds {
		return fmt.Errorf("%s: %w", s.chain, ErrNoLease)
	}
	return nil
}
