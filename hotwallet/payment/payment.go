package payment

import (
	"context"
	"errors"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
)

// ErrChanged means a guarded write changed nothing: the payment, its batch, a coin, the
// nonce or a halt is no longer what the caller read. It reads again.
var ErrChanged = errors.New("the payment or its funds have changed meanwhile")

// Payment is an order as it is stored.
type Payment struct {
	Order   swap.Order
	State   swap.PaymentState
	Version int64
	Reason  string
	// Since is when the row was last written, as it was read: of one that stands still since when
	// it has at least stood for its reason.
	Since time.Time
	// House is set of the house's own payments, whose orders no swap has.
	House *House
	// BatchID is the batch that pays it, "" until there is a plan.
	BatchID string
	// Attempt is the newest of that batch, nil until there is a plan. It is told where
	// a payment is read by itself, not within its batch.
	Attempt *Attempt
}

// Fact tells the state machine where the payment stands; txid and fee are empty
// before there is an attempt.
func (p Payment) Fact(kind swap.FactKind, at time.Time) swap.Fact {
	f := &swap.PaymentFact{OrderID: p.Order.ID, Purpose: p.Order.Purpose,
		Amount: p.Order.Amount, Destination: p.Order.Destination, Retry: p.Order.Retry}
	if p.Attempt != nil {
		f.TxID, f.Fee = p.Attempt.TxID, p.Attempt.Plan.Fee
	}
	return swap.Fact{Kind: kind, SwapID: p.Order.SwapID, At: swap.Millis(at), Payment: f}
}

// Open is a payment that is not in a block, as the engine's list has it.
type Open struct {
	OrderID string
	State   swap.PaymentState
	// BatchID is "" where it has no plan.
	BatchID string
}

// Basis is what a plan starts from.
type Basis struct {
	Funds chain.Funds
	// Own is change of our own besides that is not deep enough, or in no block yet (UTXO
	// chains): for what the funds do not suffice for.
	Own []chain.Coin
	// BuiltOn reports that a payment of ours spends the batch's change (of ReplacementBasis):
	// another attempt would be the end of it. One of some blocks ago that our node refuses, or
	// that builds on what it refuses, ends anyhow, unless what it builds on is mined.
	BuiltOn bool
	// DepositsConfirmed reports that every deposit which the orders use up is in our
	// own book: confirmed, of this swap and of the amount the order has for it (of Basis).
	DepositsConfirmed bool
	// Height is the last block of our own book (of ReplacementBasis).
	Height int64
	// Unsigned reports that an earlier batch's nonce is taken and its plan not
	// signed yet (account chains): a later nonce could not be mined before it.
	Unsigned bool
	// Behind waits for the batch (of ReplacementBasis, account chains): what has a later nonce of the
	// account that pays, in their order, and the oldest that no nonce is given to for lack of room;
	// BehindMost at most. It is told of the batch with the lowest nonce that no block has.
	Behind []Behind
	// Full: as many of the sender's transactions are in no block as may be at once
	// (account chains).
	Full bool
}

// Behind is a payment that can't be mined before another.
type Behind struct {
	Order swap.Order
	House *House
	// First is the fee of its first attempt, zero while it has no plan.
	First asset.Units
}

// BehindMost bounds Basis.Behind.
const BehindMost = 4 * InFlightMax

// InFlightMax is how many transactions of an account may be in no block at once unless
// something else is configured: half of the 16 of one account that nodes keep for certain
// (geth's AccountSlots).
const InFlightMax = 8

// Answer is what a node said to an attempt that was handed in.
type Answer struct {
	Acceptance chain.Acceptance
	// Reason explains any answer but Accepted.
	Reason string
	At     time.Time
}

// Store keeps payments and their batches. Each write is one transaction, guarded by
// version and state; ErrChanged if a guard fires, and then nothing is written.
type Store interface {
	// Halted says why the chain's payments stand still, "" if they run.
	Halted(ctx context.Context) (string, error)
	// OpenPayments lists at most limit payments that are in no block, or failed and were
	// ordered again since, the oldest first.
	OpenPayments(ctx context.Context, limit int) ([]Open, error)
	// Payment reads one payment with the newest attempt of its batch.
	Payment(ctx context.Context, orderID string) (Payment, error)
	// Batch reads a batch with its payments and attempts.
	Batch(ctx context.Context, batchID string) (Batch, error)
	// Basis chooses what a batch of the payments may spend: coins deep enough, mature and
	// reserved by nobody, or the sender's balance as booked with its next nonce. Own change that
	// is less deep is of batches with one signed transaction, which has no rival of ours.
	Basis(ctx context.Context, payments []Payment) (Basis, error)
	// DepositsConfirmed reports what Basis does of the order's deposits, now.
	DepositsConfirmed(ctx context.Context, o swap.Order) (bool, error)
	// DepositBlocks are the blocks that the order's deposits are confirmed in, in
	// their order; ErrChanged if one is not.
	DepositBlocks(ctx context.Context, o swap.Order) ([]chain.Ref, error)
	// StorePlan makes a batch of queued payments, in their order, with its first
	// attempt, and reserves its coins or takes its nonce, unless the chain is halted or
	// a deposit is not confirmed. The store names the batch (BatchID).
	StorePlan(ctx context.Context, payments []Payment, plan chain.Plan) (Batch, error)
	// ReplacementBasis is what another attempt of a batch may spend: as Must all that the
	// newest one spends, the anchor first, or the same nonce with what the sender could
	// spend without this batch. A coin of these has its Parent while no block has it.
	ReplacementBasis(ctx context.Context, b Batch) (Basis, error)
	// StoreReplacement stores another attempt of a batch that is signed, for a reason,
	// and reserves the coins that no earlier one has, unless the chain is halted or a payment
	// builds on the batch (Basis.BuiltOn) and it can be mined as it is. It has the newest attempt's coins, but
	// for what is lost and never the anchor, or the nonce.
	StoreReplacement(ctx context.Context, b Batch, plan chain.Plan, reason string) (Batch, error)
	// StoreDropped stores that the signer refused the newest attempt, which has signed
	// nothing: what only this one would have spent is free. If it is the first, the batch is
	// given up, with its nonce, and its payments are queued without a batch.
	StoreDropped(ctx context.Context, b Batch, reason string) (Batch, error)
	// StoreSigned stores the signed bytes of the newest attempt, which is planned, and
	// holds amounts and fee in the books, of a later one what it costs more.
	StoreSigned(ctx context.Context, b Batch, raw []byte, txid string) (Batch, error)
	// StoreAnswer stores what the node said to attempt n. The first answer after which the
	// transaction may be out makes the batch broadcast, with a fact for each payment.
	StoreAnswer(ctx context.Context, b Batch, n int, a Answer) (Batch, error)
	// Ended is what the rows know of the end of a batch that failed, or of one whose first
	// coin is gone or spent by somebody else.
	Ended(ctx context.Context, b Batch) (Ending, error)
	// StoreDeath has a batch be dead of what was found, and its payments be queued without
	// a batch: of one that failed, where they were ordered again, with a fact for each. What
	// the books hold for another and what is left of its coins is free.
	StoreDeath(ctx context.Context, b Batch, r DeathRequest) error
	// Deaths are those of all earlier batches of the orders, and of those that were to
	// spend one of the coins, "<txid>:<index>".
	Deaths(ctx context.Context, orders, coins []string) ([]DeathRequest, error)
	// FreedCoins are the anchors of the Deaths of each of the coins that has any, by the coin.
	FreedCoins(ctx context.Context, coins []string) (map[string][]string, error)
	// StoreWithdrawn takes back a payment of the house's own that has no plan: it was never
	// stored, and may be again.
	StoreWithdrawn(ctx context.Context, p Payment) error
	// StoreReason stores why a payment without a batch stands still.
	StoreReason(ctx context.Context, p Payment, reason string) (Payment, error)
	// StoreBatchReason stores why a batch, and with it each of its payments, stands still.
	StoreBatchReason(ctx context.Context, b Batch, reason string) (Batch, error)
}

// Authority is why one payment of a batch may be made.
type Authority struct {
	Order swap.Order
	// Attestations are one for each of the order's deposits, in their order; none where only
	// what was signed before is asked for, or what conflicts with it.
	Attestations []string
	// House is set of the house's own payments.
	House *House
}

// SignRequest is what the signer needs: why to pay, what, and who asks.
type SignRequest struct {
	// Authorities are one for each payment of the batch, in the batch's order.
	Authorities []Authority
	Plan        chain.Plan
	// Deaths are attestd's word on what ended earlier batches of these payments.
	Deaths []string
	// FencingToken is the caller's lease; the signer refuses older ones.
	FencingToken uint64
}

// Signer signs plans. Asked again for the same orders and plan it gives the same
// bytes. A *swap.Error of code refused means that nothing was signed; any other
// error leaves open whether it was.
type Signer interface {
	Sign(ctx context.Context, r SignRequest) (raw []byte, txid string, err error)
	// Ended are those of the anchors ("<chain>:<txid>:<index>") of which the signer remembers
	// attestd's word that they are spent for good: the coins of lost attempts that spend one
	// of these need no other. It may remember less tomorrow, as when attestd's key changes.
	Ended(ctx context.Context, anchors []string) ([]string, error)
}
