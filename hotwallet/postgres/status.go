package postgres

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/swap"
	"ferry/swap/asset"
)

var (
	statusChainsSQL       = statement("STATUS_CHAINS")
	statusHaltsSQL        = statement("STATUS_HALTS")
	statusPaymentsSQL     = statement("STATUS_PAYMENTS")
	statusDepositsSQL     = statement("STATUS_DEPOSITS")
	statusTrialBalanceSQL = statement("STATUS_TRIAL_BALANCE")
)

// statusMost bounds each list of the read side.
const statusMost = 1000

// Reader is a pool or connection whose search_path is the hot wallet's schema.
// The functions below only read: the role ferry_support is enough for them.
type Reader interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// ChainStatus is how far a chain is processed. Times that never came are nil.
type ChainStatus struct {
	Chain     asset.Chain
	Height    int64
	Hash      string
	BlockTime time.Time
	// SeenAt is when the block was processed, by our clock.
	SeenAt time.Time
	// Holder is the process that writes for the chain, or did last.
	Holder string
	// HaltReason, HaltActor and HaltedAt are set while payments stand still.
	HaltReason string
	HaltActor  string
	HaltedAt   *time.Time
	// The books' sum and the node's of one asset at ReconciledHeight, in base units: of
	// one that is off, if any is.
	ReconciledAsset  asset.ID
	ReconciledHeight *int64
	Book             string
	Node             string
	ReconciledAt     *time.Time
}

// Chains lists the chains that have been watched.
func Chains(ctx context.Context, db Reader) ([]ChainStatus, error) {
	return readAll[ChainStatus](ctx, db, "read the chains' cursors", statusChainsSQL)
}

// HaltStatus is a chain that stands still, watched yet or not.
type HaltStatus struct {
	Chain  asset.Chain
	Reason string
	Actor  string
	Since  time.Time
}

// Halts lists the chains that stand still.
func Halts(ctx context.Context, db Reader) ([]HaltStatus, error) {
	return readAll[HaltStatus](ctx, db, "read the halts", statusHaltsSQL)
}

// PaymentStatus is an open payment with one of its attempts; N is 0 without one.
type PaymentStatus struct {
	OrderID     string
	Chain       asset.Chain
	SwapID      string
	Purpose     swap.Purpose
	Deposits    []string // ids, sorted
	Asset       asset.ID
	Units       asset.Units
	Destination string
	State       swap.PaymentState
	Reason      string
	QueuedAt    time.Time
	UpdatedAt   time.Time
	// Height is its block's, 0 while in none.
	Height       int64
	N            int
	AttemptState string
	TxID         string
	Fee          asset.Units
	Nonce        *int64
	LastSentAt   *time.Time
	LastAnswer   string
}

// OpenPaymentStatuses lists payments that are neither final nor failed, the
// oldest first, at most 1,000.
func OpenPaymentStatuses(ctx context.Context, db Reader) ([]PaymentStatus, error) {
	return readAll[PaymentStatus](ctx, db, "read open payments", statusPaymentsSQL, statusMost)
}

// DepositStatus is a deposit to a swap's address.
type DepositStatus struct {
	DepositID   string
	Chain       asset.Chain
	TxID        string
	Address     string
	Asset       asset.ID
	Units       asset.Units
	Purpose     string
	State       swap.DepositState
	FirstSeen   time.Time
	Height      int64
	BlockTime   *time.Time
	ConfirmedAt *time.Time
}

// SwapDeposits lists the deposits to a swap's address, the oldest first.
func SwapDeposits(ctx context.Context, db Reader, swapID string) ([]DepositStatus, error) {
	return readAll[DepositStatus](ctx, db, "read a swap's deposits", statusDepositsSQL, swapID, statusMost)
}

// AccountSum is one line of the trial balance: debits less credits, in base units.
type AccountSum struct {
	Account string
	Asset   asset.ID
	Sum     *big.Int
}

// TrialBalance sums every account of the hot wallet's book; the sums of each
// asset add up to zero.
func TrialBalance(ctx context.Context, db Reader) ([]AccountSum, error) {
	type row struct {
		Account string
		Asset   asset.ID
		Sum     string
	}
	rows, err := readAll[row](ctx, db, "sum the accounts", statusTrialBalanceSQL)
	if err != nil {
		return nil, err
	}
	sums := make([]AccountSum, len(rows))
	for i, r := range rows {
		n, ok := new(big.Int).SetString(r.Sum, 10)
		if !ok {
			return nil, fmt.Errorf("sum %.40q of %s is no whole number", r.Sum, r.Account)
		}
		sums[i] = AccountSum{Account: r.Account, Asset: r.Asset, Sum: n}
	}
	return sums, nil
}

func readAll[T any](ctx context.Context, db Reader, doing, sql string, args ...any) ([]T, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return all, nil
}
