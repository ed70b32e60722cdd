package payment

import (
	"context"
	"errors"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap"
)

// ErrChanged means a guarded write changed nothing: the payment, a coin, the
// nonce or a halt is no longer what the caller read. It reads again.
var ErrChanged = errors.New("the payment or its funds have changed meanwhile")

// AttemptState is how far a payment's transaction has come.
type AttemptState string

// The states of an attempt.
const (
	AttemptPlanned   AttemptState = "planned"
	AttemptSigned    AttemptState = "signed"
	AttemptBroadcast AttemptState = "broadcast"
)

// Attempt is the transaction made for a payment.
type Attempt struct {
	// N counts from 1. This version makes one attempt per payment.
	N     int
	State AttemptState
	Plan  chain.Plan
	// Raw and TxID are set once it is signed.
	Raw  []byte
	TxID string
}

// Payment is an order as it is stored.
type Payment struct {
	Order   swap.Order
	State   swap.PaymentState
	Version int64
	Reason  string
	// Attempt is nil until there is a plan.
	Attempt *Attempt
}

// Fact tells the state machine where the payment stands; txid and fee are empty
// before there is an attempt.
func (p Payment) Fact(kind swap.FactKind, at time.Time) swap.Fact {
	f := &swap.PaymentFact{OrderID: p.Order.ID, Purpose: p.Order.Purpose,
		Amount: p.Order.Amount, Destination: p.Order.Destination}
	if p.Attempt != nil {
		f.TxID, f.Fee = p.Attempt.TxID, p.Attempt.Plan.Fee
	}
	return swap.Fact{Kind: kind, SwapID: p.Order.SwapID, At: swap.Millis(at), Payment: f}
}

// Open is a payment that is not in a block, as the engine's list has it.
type Open struct {
	OrderID string
	State   swap.PaymentState
}

// Basis is what a plan starts from.
type Basis struct {
	Funds chain.Funds
	// DepositsConfirmed reports that every deposit which the order uses up is in our
	// own book: confirmed, of this swap and of the amount the order has for it.
	DepositsConfirmed bool
	// Unsigned reports that an earlier payment's nonce is taken and its plan not
	// signed yet (account chains): a later nonce could not be mined before it.
	Unsigned bool
}

// Answer is what a node said to an attempt that was handed in.
type Answer struct {
	Acceptance chain.Acceptance
	// Reason explains any answer but Accepted.
	Reason string
	At     time.Time
}

// Store keeps payments. Each write is one transaction, guarded by the payment's
// version and state; ErrChanged if a guard fires, and then nothing is written.
type Store interface {
	// Halted says why the chain's payments stand still, "" if they run.
	Halted(ctx context.Context) (string, error)
	// OpenPayments lists at most limit payments that are in no block, the oldest first.
	OpenPayments(ctx context.Context, limit int) ([]Open, error)
	// Payment reads one payment with its attempt.
	Payment(ctx context.Context, orderID string) (Payment, error)
	// Basis chooses what may be spent: coins deep enough, mature and reserved by
	// nobody, or the sender's balance as booked with its next nonce.
	Basis(ctx context.Context, p Payment) (Basis, error)
	// DepositsConfirmed reports what Basis does of the order's deposits, now.
	DepositsConfirmed(ctx context.Context, o swap.Order) (bool, error)
	// DepositBlocks are the blocks that the order's deposits are confirmed in, in
	// their order; ErrChanged if one is not.
	DepositBlocks(ctx context.Context, o swap.Order) ([]chain.Ref, error)
	// StorePlan stores the first attempt and reserves its coins or takes its
	// nonce, unless the chain is halted or a deposit is not confirmed.
	StorePlan(ctx context.Context, p Payment, plan chain.Plan) (Payment, error)
	// StoreSigned stores the signed bytes and holds amount and fee in the books.
	StoreSigned(ctx context.Context, p Payment, raw []byte, txid string) (Payment, error)
	// StoreAnswer stores what the node said. The first answer after which the
	// transaction may be out makes the payment broadcast, with its fact.
	StoreAnswer(ctx context.Context, p Payment, a Answer) (Payment, error)
	// StoreReason stores why the payment stands still.
	StoreReason(ctx context.Context, p Payment, reason string) (Payment, error)
}

// SignRequest is what the signer needs: why to pay, what, and who asks.
type SignRequest struct {
	Order swap.Order
	Plan  chain.Plan
	// Attestations are one for each of the order's deposits, in their order.
	Attestations []string
	// FencingToken is the caller's lease; the signer refuses older ones.
	FencingToken uint64
}

// Signer signs plans. Asked again for the same order and plan it gives the same
// bytes. A *swap.Error of code refused means that nothing was signed; any other
// error leaves open whether it was.
type Signer interface {
	Sign(ctx context.Context, r SignRequest) (raw []byte, txid string, err error)
}
