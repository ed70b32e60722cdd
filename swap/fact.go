package swap

import (
	"fmt"
	"time"

	"ferry/swap/asset"
)

// FactKind names what happened.
type FactKind string

// The facts the state machine is told of. Who says each is in its comment.
const (
	// FactSwapCreated: the gateway stored a swap with verified terms.
	FactSwapCreated FactKind = "swap.created"
	// FactDepositSeen: the hot wallet's node shows an unconfirmed deposit. It is
	// shown to the user and never credited.
	FactDepositSeen FactKind = "deposit.seen"
	// FactDepositInBlock: the deposit is in a block, Confirmations deep.
	FactDepositInBlock FactKind = "deposit.in_block"
	// FactDepositConfirmed: the deposit is as deep as it has to be. Only this
	// fact moves money.
	FactDepositConfirmed FactKind = "deposit.confirmed"
	// FactDepositReplaced: an unconfirmed deposit has left the mempool unmined.
	FactDepositReplaced FactKind = "deposit.replaced"
	// FactDepositReorged: the block that held the deposit is no longer in the
	// best chain. If it was confirmed before, its count is taken back.
	FactDepositReorged FactKind = "deposit.reorged"
	// FactPaymentQueued: the hot wallet has stored the order.
	FactPaymentQueued FactKind = "payment.queued"
	// FactPaymentBroadcast: the signed bytes are stored and were handed to a node.
	FactPaymentBroadcast FactKind = "payment.broadcast"
	// FactPaymentConfirmed: the payment is in a block.
	FactPaymentConfirmed FactKind = "payment.confirmed"
	// FactPaymentFinal: the payment is as deep as it has to be.
	FactPaymentFinal FactKind = "payment.final"
	// FactPaymentReorged: the block that held the payment is no longer in the best
	// chain. The same bytes are handed in again.
	FactPaymentReorged FactKind = "payment.reorged"
	// FactPaymentFailed: the payment was mined and paid nobody (Ethereum status
	// 0), or can never be made.
	FactPaymentFailed FactKind = "payment.failed"
	// FactRequoted: liquidityd answered a request for a price.
	FactRequoted FactKind = "swap.requoted"
	// FactAnswered: the user answered a question, with the swap's secret.
	FactAnswered FactKind = "swap.answered"
	// FactRefundAddressSet: the user named a refund address, with the secret.
	FactRefundAddressSet FactKind = "swap.refund_address_set"
	// FactStaffAction: a member of staff wants something done.
	FactStaffAction FactKind = "staff.action"
	// FactStaffApproved: another member of staff agrees.
	FactStaffApproved FactKind = "staff.approved"
	// FactDeadlinePassed: the state machine's own clock reached a deadline.
	FactDeadlinePassed FactKind = "deadline.passed"
)

// Fact is something that happened, as told to the state machine. It carries all
// that a decision needs and is never changed once published.
type Fact struct {
	Kind   FactKind  `json:"kind"`
	SwapID string    `json:"swap_id"`
	At     time.Time `json:"at"`
	// Exactly one of these is set, as the kind demands.
	Created  *CreatedFact       `json:"created,omitempty"`
	Deposit  *DepositFact       `json:"deposit,omitempty"`
	Payment  *PaymentFact       `json:"payment,omitempty"`
	Deadline *DeadlineFact      `json:"deadline,omitempty"`
	Requoted *RequotedFact      `json:"requoted,omitempty"`
	Answered *AnsweredFact      `json:"answered,omitempty"`
	Refund   *RefundAddressFact `json:"refund_address,omitempty"`
	Staff    *StaffFact         `json:"staff,omitempty"`

	// Source and Seq are stamped by the relay, not by the teller: the outbox the
	// fact came from and its position there, which only grows for one swap.
	Source string `json:"-"`
	Seq    int64  `json:"-"`
}

// CreatedFact carries the signed terms. The state machine verifies them itself.
type CreatedFact struct {
	SignedQuote   string `json:"signed_quote"`
	SignedReceipt string `json:"signed_receipt"`
}

// DepositFact is what the watcher knows of a deposit now.
type DepositFact struct {
	// DepositID is "<chain>:<txid>:<index>".
	DepositID     string       `json:"deposit_id"`
	TxID          string       `json:"txid"`
	Address       string       `json:"address"`
	Amount        asset.Amount `json:"amount"`
	Confirmations int64        `json:"confirmations"`
	Needed        int64        `json:"confirmations_needed"`
	Height        int64        `json:"height,omitempty"`
	FirstSeen     time.Time    `json:"first_seen"`
	BlockTime     time.Time    `json:"block_time,omitzero"`
	// ConfirmedAt is when the watcher's own clock saw it deep enough; block
	// times can run ahead of clocks, so no deadline is computed from them alone.
	ConfirmedAt time.Time `json:"confirmed_at,omitzero"`
	// DustThreshold is the chain's published economic threshold, in base units
	// of Amount.Asset, when the fact was told.
	DustThreshold asset.Units `json:"dust_threshold"`
	// Used, with FactDepositReorged of a confirmed deposit: the payment that uses
	// it up was planned, so that it is or may be signed.
	Used bool `json:"used,omitempty"`
	// Awaits is what the node's consensus must still say of its block, beside how deep
	// it is; FinalityNone where the amount needs nothing, or has it.
	Awaits Finality `json:"awaits,omitempty"`
}

// PaymentFact is what the hot wallet knows of a payment now.
type PaymentFact struct {
	OrderID     string       `json:"order_id"`
	Purpose     Purpose      `json:"purpose"`
	Amount      asset.Amount `json:"amount"`
	Destination string       `json:"destination"`
	TxID        string       `json:"txid,omitempty"`
	Fee         asset.Units  `json:"fee"`
	Height      int64        `json:"height,omitempty"`
	Reason      string       `json:"reason,omitempty"`
	// Retry is that of the newest order of the payment that the hot wallet has read.
	Retry int `json:"retry,omitempty"`
}

// DeadlineName says which deadline passed.
type DeadlineName string

// The deadlines of a swap.
const (
	// DeadlineDepositBy: no deposit was seen in time.
	DeadlineDepositBy DeadlineName = "deposit_by"
	// DeadlineConfirmBy: the deposit seen did not confirm in time.
	DeadlineConfirmBy DeadlineName = "confirm_by"
)

// DeadlineMismatch is the name of a mismatch's deadline, DeadlineApproval that of a
// staff request's. Only the newest due time of a name counts.
func DeadlineMismatch(mismatchID string) DeadlineName { return DeadlineName("mismatch:" + mismatchID) }

// DeadlineApproval is the name of a staff request's deadline.
func DeadlineApproval(requestID string) DeadlineName { return DeadlineName("approval:" + requestID) }

// DeadlineFact says that a deadline passed.
type DeadlineFact struct {
	Name DeadlineName `json:"name"`
	Due  time.Time    `json:"due"`
}

// Validate reports a fact that can't be acted on: an unknown kind, or a body
// that is missing, extra or incomplete.
func (f Fact) Validate() error {
	if !ValidID(SwapPrefix, f.SwapID) {
		return fmt.Errorf("fact %s: swap id %.60q is malformed", f.Kind, f.SwapID)
	}
	if f.At.IsZero() {
		return fmt.Errorf("fact %s of %s has no time", f.Kind, f.SwapID)
	}
	bodies := 0
	for _, set := range []bool{f.Created != nil, f.Deposit != nil, f.Payment != nil, f.Deadline != nil,
		f.Requoted != nil, f.Answered != nil, f.Refund != nil, f.Staff != nil} {
		if set {
			bodies++
		}
	}
	if bodies != 1 {
		return fmt.Errorf("fact %s of %s has %d bodies, not 1", f.Kind, f.SwapID, bodies)
	}
	switch f.Kind {
	case FactSwapCreated:
		return f.require(f.Created != nil && f.Created.SignedQuote != "" && f.Created.SignedReceipt != "")
	case FactDepositSeen, FactDepositInBlock, FactDepositConfirmed, FactDepositReplaced, FactDepositReorged:
		return f.require(f.Deposit != nil && f.Deposit.DepositID != "" && !f.Deposit.Amount.Units.IsZero())
	case FactPaymentQueued, FactPaymentBroadcast, FactPaymentConfirmed, FactPaymentFinal, FactPaymentReorged, FactPaymentFailed:
		return f.require(f.Payment != nil && f.Payment.OrderID != "")
	case FactRequoted:
		return f.require(f.Requoted != nil && f.Requoted.RequestID != "" && (f.Requoted.SignedRequote == "") != (f.Requoted.Refused == ""))
	case FactAnswered:
		return f.require(f.Answered != nil && (f.Answered.SignedConsent == "") != (f.Answered.SignedWrongAssetRefund == ""))
	case FactRefundAddressSet:
		return f.require(f.Refund != nil && f.Refund.SignedRefundAddress != "")
	case FactStaffAction:
		return f.require(f.Staff != nil && f.Staff.RequestID != "" && f.Staff.Actor != "" && f.Staff.Action != "" && f.Staff.Reason != "")
	case FactStaffApproved:
		return f.require(f.Staff != nil && f.Staff.RequestID != "" && f.Staff.Actor != "" && f.Staff.Action == "")
	case FactDeadlinePassed:
		return f.require(f.Deadline != nil && f.Deadline.Name != "")
	}
	return fmt.Errorf("fact of %s: kind %.40q is not known", f.SwapID, f.Kind)
}

func (f Fact) require(ok bool) error {
	if !ok {
		return fmt.Errorf("fact %s of %s: its body is missing or incomplete", f.Kind, f.SwapID)
	}
	return nil
}
