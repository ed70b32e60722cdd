package support

import (
	"context"
	"fmt"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
)

// PaymentsLimit is how many payments are listed.
const PaymentsLimit = 200

// PaymentsFilter says which payments are listed; the zero value lists all.
type PaymentsFilter struct {
	Chain   asset.Chain
	Purpose swap.Purpose
	// Open leaves out those that are final, Stuck all that nobody has to look at.
	Open, Stuck bool
}

// Outgoing is a payment as the hot wallet has it.
type Outgoing struct {
	OrderID     string       `json:"order_id"`
	SwapID      string       `json:"swap_id,omitempty"`
	Chain       asset.Chain  `json:"chain"`
	Purpose     swap.Purpose `json:"purpose"`
	Asset       asset.ID     `json:"asset"`
	Units       asset.Units  `json:"units"`
	Destination string       `json:"destination"`
	State       string       `json:"state"`
	// Reason says why it stands still or failed.
	Reason    string    `json:"reason,omitempty"`
	QueuedAt  time.Time `json:"queued_at"`
	UpdatedAt time.Time `json:"updated_at"`
	// Retry is how often it was ordered again, Attempts how many transactions were made.
	Retry    int32 `json:"retry,omitempty"`
	Attempts int64 `json:"attempts"`
	// TxID is the transaction that was mined, or the newest.
	TxID   string `json:"txid,omitempty" db:"txid"`
	Height int64  `json:"height,omitempty"`
	// Fee is what the chain was paid once it is in a block, the most it may be before.
	Fee        asset.Units `json:"fee"`
	LastAnswer string      `json:"last_answer,omitempty"`
	// Stuck: somebody should look at it.
	Stuck bool `json:"stuck"`
	// Next is what happens next, and By until when it should have; zero where that is not
	// Ferry's to say.
	Next string    `json:"next" db:"-"`
	By   time.Time `json:"by,omitzero" db:"-"`
}

// Paid is the amount.
func (o Outgoing) Paid() asset.Amount { return asset.Amount{Asset: o.Asset, Units: o.Units} }

// FeePaid is the fee in the chain's own asset.
func (o Outgoing) FeePaid() asset.Amount {
	return asset.Amount{Asset: o.Chain.NativeID(), Units: o.Fee}
}

// OutgoingAttempt is one transaction made for a payment.
type OutgoingAttempt struct {
	BatchID    string `json:"batch_id"`
	BatchState string `json:"batch_state"`
	// Payments is how many its batch pays.
	Payments int32  `json:"payments"`
	N        int32  `json:"n"`
	State    string `json:"state"`
	// Reason is why it was made after an earlier one, Rate what it offers: base units for
	// 1,000 virtual bytes, or for one of gas; "" where the plan does not say.
	Reason     string      `json:"reason,omitempty"`
	Rate       string      `json:"rate,omitempty"`
	Fee        asset.Units `json:"fee"`
	Sender     string      `json:"sender,omitempty"`
	Nonce      *int64      `json:"nonce,omitempty"`
	TxID       string      `json:"txid,omitempty" db:"txid"`
	PlannedAt  time.Time   `json:"planned_at"`
	SignedAt   *time.Time  `json:"signed_at,omitempty"`
	LastSentAt *time.Time  `json:"last_sent_at,omitempty"`
	LastAnswer string      `json:"last_answer,omitempty"`
	// EndedBy is the transaction that ended its batch, in block EndedAt; "" if none did.
	EndedBy string `json:"ended_by,omitempty"`
	EndedAt int64  `json:"ended_at,omitempty"`
}

// Payments are what was found: those that somebody should look at first, the oldest of
// them first.
type Payments struct {
	Payments []Outgoing `json:"payments"`
	More     bool       `json:"more"`
}

// PaymentCase is one payment with all its transactions.
type PaymentCase struct {
	Outgoing
	// All are in the order they were made.
	All []OutgoingAttempt `json:"transactions"`
}

// within is how soon a payment should be in a block.
func within() time.Duration {
	stage, _ := statemachine.StageOf(swap.PayoutBroadcast)
	return stage.Within
}

// Payments lists payments, at most PaymentsLimit.
func (r *Reader) Payments(ctx context.Context, f PaymentsFilter) (Payments, error) {
	all, err := rows[Outgoing](ctx, r, "PAYMENTS", f.Chain, f.Purpose, f.Open || f.Stuck, f.Stuck, r.now.Add(-within()), PaymentsLimit+1)
	if err != nil {
		return Payments{}, err
	}
	var found Payments
	found.Payments, found.More = cut(all, PaymentsLimit)
	for i := range found.Payments {
		found.Payments[i] = found.Payments[i].next()
	}
	return found, nil
}

// Payment reads one payment by its order id. ErrNotFound where the hot wallet has none.
func (r *Reader) Payment(ctx context.Context, orderID string) (PaymentCase, error) {
	var c PaymentCase
	found, err := rows[Outgoing](ctx, r, "PAYMENT", orderID, r.now.Add(-within()))
	if err != nil {
		return c, err
	}
	if len(found) == 0 {
		return c, fmt.Errorf("the hot wallet has no payment %s: %w", orderID, ErrNotFound)
	}
	if c.All, err = rows[OutgoingAttempt](ctx, r, "PAYMENT_ATTEMPTS", orderID, caseRows); err != nil {
		return c, err
	}
	c.Outgoing = found[0].next()
	c.Attempts = int64(len(c.All))
	return c, nil
}

// next says what happens next to a payment.
func (o Outgoing) next() Outgoing {
	o.By = o.QueuedAt.Add(within()).UTC()
	switch swap.PaymentState(o.State) {
	case swap.PaymentQueued:
		o.Next = "it is planned and signed"
		if o.Reason != "" {
			o.Next = "it is planned as soon as the reason is gone"
		}
	case swap.PaymentSigned:
		o.Next = "it is handed to the node"
	case swap.PaymentBroadcast:
		o.Next = "a block takes it up; until then it is handed in again"
	case swap.PaymentConfirmed:
		o.Next, o.By = "it gets its confirmations", time.Time{}
	case swap.PaymentFailed:
		o.Next, o.By = "ferry swap retry, once the cause is gone", time.Time{}
	default:
		o.Next, o.By = "nothing", time.Time{}
	}
	return o
}
