package support

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
)

// ErrNotFound means that nothing in any schema knows what was asked for.
var ErrNotFound = errors.New("not found")

// Limits of one case. A swap has at most statemachine.MaxDeposits deposits.
const (
	caseRows = statemachine.MaxDeposits
	// CaseEvents is how many events of the timeline are read unless asked otherwise.
	CaseEvents = 200
)

// Case is all that is known of one swap.
type Case struct {
	SwapID string `json:"swap_id"`
	// Swap is nil while the state machine doesn't know the swap; the rest says
	// what others know of it.
	Swap *SwapView `json:"swap,omitempty"`
	// Issued is the deposit address as the hot wallet's pool has it.
	Issued   *Issued       `json:"issued_address,omitempty"`
	Deposits []DepositView `json:"deposits"`
	Payments []PaymentView `json:"payments"`
	Timeline []Event       `json:"timeline"`
	Earlier  bool          `json:"earlier_events_left_out"`
	// Staff is what members of staff asked for.
	Staff        []StaffRequest `json:"staff"`
	EarlierStaff bool           `json:"earlier_staff_left_out"`
	Parked       []Parked       `json:"parked_facts"`
	Balances     []AccountOwing `json:"balances"`
}

// SwapView is the state machine's row: where the swap stands, who must act by
// when, and the terms.
type SwapView struct {
	State   swap.State `json:"state"`
	Version int64      `json:"version"`
	Actor   string     `json:"next_actor"`
	// ActBy is zero where nothing is due; Overdue says that it has passed.
	ActBy     time.Time    `json:"act_by,omitzero"`
	Overdue   bool         `json:"overdue"`
	Waiting   string       `json:"waiting_for"`
	Reason    string       `json:"reason,omitempty"`
	CreatedAt time.Time    `json:"created_at"`
	UpdatedAt time.Time    `json:"updated_at"`
	Quote     swap.Quote   `json:"quote"`
	Receipt   swap.Receipt `json:"receipt"`
	// Missing is what is to be sent yet of an amount paid in parts.
	Missing asset.Amount `json:"missing,omitzero"`
	// RefundAddress is where refunds go: the receipt's, or the one set later.
	RefundAddress string              `json:"refund_address,omitempty"`
	Mismatches    []swap.Mismatch     `json:"mismatches,omitempty"`
	Requotes      []swap.Repriced     `json:"requotes,omitempty"`
	Staff         []swap.StaffRequest `json:"staff,omitempty"`
}

// DepositView is a deposit as the state machine judged it, with the state in
// which the hot wallet has it. They differ while a fact is in flight.
type DepositView struct {
	swap.Deposit
	// Told is false while only the hot wallet knows of it.
	Told bool `json:"told"`
	// Watched is "" if the hot wallet does not have it.
	Watched string `json:"watched_state"`
}

// PaymentView is a payment as the state machine ordered it, with the hot
// wallet's row, which is nil until the order has arrived there.
type PaymentView struct {
	swap.Payment
	Wallet *WalletPayment `json:"wallet,omitempty"`
}

// Event is one applied fact.
type Event struct {
	Version int64         `json:"version"`
	At      time.Time     `json:"at"`
	Source  string        `json:"source"`
	Seq     int64         `json:"seq"`
	Fact    swap.FactKind `json:"fact"`
	From    swap.State    `json:"from" db:"from_state"`
	To      swap.State    `json:"to" db:"to_state"`
	Note    string        `json:"note"`
}

// Parked is a fact that can't be applied yet.
type Parked struct {
	SwapID string        `json:"swap_id"`
	Source string        `json:"source"`
	Seq    int64         `json:"seq"`
	Fact   swap.FactKind `json:"fact"`
	Reason string        `json:"reason"`
	At     time.Time     `json:"parked_at" db:"parked_at"`
}

// AccountOwing is what an account of the swap owes.
type AccountOwing struct {
	Account string      `json:"account"`
	Asset   asset.ID    `json:"asset"`
	Units   asset.Units `json:"units"`
}

// Issued is where a deposit address came from.
type Issued struct {
	Chain   asset.Chain `json:"chain"`
	Address string      `json:"address"`
	Path    string      `json:"path"`
	At      *time.Time  `json:"issued_at,omitempty" db:"issued_at"`
}

// Case reads all that is known of a swap, with its newest events (at most
// events). ErrNotFound if nobody knows of it.
func (r *Reader) Case(ctx context.Context, swapID string, events int) (Case, error) {
	c := Case{SwapID: swapID}
	deposits, payments, err := r.caseSwap(ctx, &c)
	if err != nil {
		return c, err
	}
	if c.Timeline, err = rows[Event](ctx, r, "CASE_TIMELINE", swapID, events+1); err != nil {
		return c, err
	}
	c.Timeline, c.Earlier = cut(c.Timeline, events)
	slices.Reverse(c.Timeline)
	if c.Staff, c.EarlierStaff, err = r.caseStaff(ctx, swapID); err != nil {
		return c, err
	}
	if c.Parked, err = rows[Parked](ctx, r, "CASE_PARKED", swapID, caseRows); err != nil {
		return c, err
	}
	if c.Balances, err = rows[AccountOwing](ctx, r, "CASE_BALANCES", swapID); err != nil {
		return c, err
	}
	issued, err := rows[Issued](ctx, r, "CASE_ISSUED", swapID)
	if err != nil {
		return c, err
	}
	if len(issued) > 0 {
		c.Issued = &issued[0]
	}
	if err := r.caseDeposits(ctx, &c, deposits); err != nil {
		return c, err
	}
	if err := r.casePayments(ctx, &c, payments); err != nil {
		return c, err
	}
	if c.Swap == nil && c.Issued == nil && len(c.Parked)+len(c.Deposits)+len(c.Payments) == 0 {
		return c, fmt.Errorf("swap %s: %w", swapID, ErrNotFound)
	}
	return c, nil
}

// swapRow is the state machine's row as it is stored.
type swapRow struct {
	State         swap.State
	Version       int64
	SignedQuote   string
	SignedReceipt string
	Reason        string
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Deposits      []swap.Deposit
	Payments      []swap.Payment
	Amended       swap.Amended
}

// view decodes the terms, which were verified before they were stored, and asks
// the state machine's table who must act.
func (row swapRow) view(id string, now time.Time) (*SwapView, error) {
	terms, err := swap.DecodeTerms(row.SignedQuote, row.SignedReceipt)
	if err != nil {
		return nil, fmt.Errorf("the stored terms of %s: %w", id, err)
	}
	u := statemachine.Describe(swap.Swap{ID: id, State: row.State, Version: row.Version, Terms: terms,
		Reason: row.Reason, CreatedAt: row.CreatedAt.UTC(), UpdatedAt: row.UpdatedAt.UTC(), Deposits: row.Deposits,
		Payments: row.Payments, Amended: row.Amended}, "", "")
	refund := terms.Receipt.RefundAddress
	if refund == "" {
		refund = row.Amended.RefundAddress
	}
	return &SwapView{State: row.State, Version: row.Version, Actor: u.Actor, ActBy: u.By,
		Overdue: !u.By.IsZero() && u.By.Before(now), Waiting: u.Message, Reason: row.Reason,
		CreatedAt: row.CreatedAt.UTC(), UpdatedAt: row.UpdatedAt.UTC(), Quote: terms.Quote, Receipt: terms.Receipt,
		Missing: u.Missing, RefundAddress: refund, Mismatches: row.Amended.Mismatches, Requotes: row.Amended.Requotes, Staff: row.Amended.Staff}, nil
}

func (r *Reader) caseSwap(ctx context.Context, c *Case) ([]swap.Deposit, []swap.Payment, error) {
	found, err := r.tx.Query(ctx, statements["CASE_SWAP"], c.SwapID)
	if err != nil {
		return nil, nil, fmt.Errorf("read swap %s: %w", c.SwapID, err)
	}
	row, err := pgx.CollectExactlyOneRow(found, pgx.RowToStructByName[swapRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read swap %s: %w", c.SwapID, err)
	}
	c.Swap, err = row.view(c.SwapID, r.now)
	return row.Deposits, row.Payments, err
}
