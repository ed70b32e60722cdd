package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/jackc/pgx/v5"

	"ferry/swap"
	"ferry/swap/asset"
)

var (
	measureChainSQL    = statement("MEASURE_CHAIN")
	measurePaymentsSQL = statement("MEASURE_PAYMENTS")
	measureDepositsSQL = statement("MEASURE_DEPOSITS")
	measurePoolSQL     = statement("MEASURE_POOL")
	measureLeaseSQL    = statement("MEASURE_LEASE")
)

// ChainMeasure is how one chain stands.
type ChainMeasure struct {
	// Height is the last block processed, -1 before the first; TipSeconds is since it
	// was processed.
	Height     int64
	TipSeconds float64
	Halted     bool
	// Difference is what the node holds beyond the books, in base units, at the newest
	// comparison, ComparedSeconds ago. It is nil before the first.
	Difference      *big.Int
	ComparedSeconds float64
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

// DepositMeasure counts the deposits of a state that is not final.
type DepositMeasure struct {
	State    swap.DepositState
	Deposits int64
}

// Measure is how the hot wallet of one chain stands.
type Measure struct {
	Chain    ChainMeasure
	Payments []PaymentMeasure
	Deposits []DepositMeasure
	// Ready is how many deposit addresses wait to be given, up to 10,000.
	Ready int64
}

// MeasureChain reads all of it, for scrapes: four statements that indexes answer.
func MeasureChain(ctx context.Context, db MeasureReader, chain asset.Chain) (Measure, error) {
	var m Measure
	var book, node string
	err := db.QueryRow(ctx, measureChainSQL, chain).Scan(&m.Chain.Height, &m.Chain.TipSeconds, &m.Chain.Halted,
		&book, &node, &m.Chain.ComparedSeconds)
	if err != nil {
		return m, fmt.Errorf("measure %s: %w", chain, err)
	}
	if book != "" {
		b, okBook := new(big.Int).SetString(book, 10)
		n, okNode := new(big.Int).SetString(node, 10)
		if !okBook || !okNode {
			return m, fmt.Errorf("measure %s: the comparison's sums %.40q and %.40q are no whole numbers", chain, book, node)
		}
		m.Chain.Difference = n.Sub(n, b)
	}
	if m.Payments, err = readAll[PaymentMeasure](ctx, db, "measure the open payments", measurePaymentsSQL, chain); err != nil {
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
