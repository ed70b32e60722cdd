package payment

import (
	"fmt"
	"math/big"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
)

// AttemptState is how far one transaction of a batch has come.
type AttemptState string

// The states of an attempt.
const (
	// AttemptPlanned: the plan is stored, and the signer may have signed it.
	AttemptPlanned AttemptState = "planned"
	// AttemptSigned: the bytes are stored, and a node may have them.
	AttemptSigned AttemptState = "signed"
	// AttemptBroadcast: a node has them or may have them.
	AttemptBroadcast AttemptState = "broadcast"
	// AttemptMined: a block of the best chain has it.
	AttemptMined AttemptState = "mined"
	// AttemptReplaced: another attempt of its batch is final.
	AttemptReplaced AttemptState = "replaced"
	// AttemptDead: what it spends was spent by somebody else beyond the reorg limit, or
	// by itself without effect.
	AttemptDead AttemptState = "dead"
	// AttemptDropped: the signer refused it for good, having signed nothing.
	AttemptDropped AttemptState = "dropped"
)

// Attempt is one transaction made for a batch. All signed attempts of a batch conflict:
// each spends what the first spends.
type Attempt struct {
	// N counts from 1.
	N     int
	State AttemptState
	Plan  chain.Plan
	// Raw and TxID are set once it is signed.
	Raw  []byte
	TxID string
	// Reason is why it was made after an earlier one, "" of the first.
	Reason    string
	PlannedAt time.Time
	// Height is the last block of our own book when it was planned.
	Height int64
}

// Batch is one transaction to be, which pays one payment or several. It is immutable
// once it has a plan, and is replaced only whole. The states of its payments are its own.
type Batch struct {
	// ID is BatchID's.
	ID      string
	Purpose swap.Purpose
	State   swap.PaymentState
	Version int64
	// Payments are in the order of the transaction's outputs.
	Payments []Payment
	// Attempts are at least one, in the order they were made.
	Attempts []Attempt
	// Before are signed transactions of ours whose change it spends and that no block has, with
	// those that they build on, the oldest first, as Store.Batch reads them.
	Before []Attempt
	// Lost are the coins of it that can't be spent now: somebody else has, or no block has them
	// any more, for as long as payments take to be final. Store.Batch reads them.
	Lost []string
}

// BatchID names the batch that follows so many earlier ones of the same payments: that
// of a payment alone is its order's id. Later ones, after a death, have a number.
func BatchID(orders []string, earlier int) string {
	id := orders[0]
	if len(orders) > 1 {
		id = "batch:" + id
	}
	if earlier > 0 {
		id = fmt.Sprintf("%s#%d", id, earlier+1)
	}
	return id
}

// Last is the newest attempt.
func (b Batch) Last() Attempt { return b.Attempts[len(b.Attempts)-1] }

// Attempt is the n-th.
func (b Batch) Attempt(n int) (Attempt, error) {
	for _, a := range b.Attempts {
		if a.N == n {
			return a, nil
		}
	}
	return Attempt{}, fmt.Errorf("batch %s has no attempt %d", b.ID, n)
}

// HoldKey is under which the books hold what attempt n costs a payment of the batch.
func HoldKey(b Batch, n int, orderID string) string {
	key := fmt.Sprintf("hold:%s:%d", b.ID, n)
	if len(b.Payments) > 1 {
		key += ":" + orderID
	}
	return key
}

// DeadKey is under which the books give back what they held of an asset for a payment of a
// batch that is dead.
func DeadKey(b Batch, orderID string, id asset.ID) string {
	return fmt.Sprintf("dead:%s:%s:%s", b.ID, orderID, id)
}

// Reason is why the batch stands still, "" if it does not.
func (b Batch) Reason() string { return b.Payments[0].Reason }

// Facts tell the state machine where each payment stands that was handed in by the attempt.
func (b Batch) Facts(kind swap.FactKind, a Attempt, at time.Time) ([]swap.Fact, error) {
	shares, err := Shares(a.Plan.Fee, len(b.Payments))
	if err != nil {
		return nil, err
	}
	facts := make([]swap.Fact, len(b.Payments))
	for i, p := range b.Payments {
		facts[i] = p.Fact(kind, at)
		facts[i].Payment.TxID, facts[i].Payment.Fee = a.TxID, shares[i]
	}
	return facts, nil
}

// Copy shares no payments or attempts with b.
func (b Batch) Copy() Batch {
	b.Payments = append([]Payment{}, b.Payments...)
	b.Attempts = append([]Attempt{}, b.Attempts...)
	return b
}

// Moved is what a store returns of b after a write that leaves it in the state, for the
// reason ("" if it goes on), with attempt n changed by change, which may be nil.
func (b Batch) Moved(state swap.PaymentState, reason string, n int, change func(a *Attempt)) Batch {
	b = b.Copy()
	b.State = state
	b.Version++
	for i := range b.Payments {
		b.Payments[i].State, b.Payments[i].Reason = state, reason
		b.Payments[i].Version++
	}
	for i := range b.Attempts {
		if b.Attempts[i].N == n && change != nil {
			change(&b.Attempts[i])
		}
	}
	return b
}

// Shares parts a transaction's fee among so many payments: equally, and what can't be
// parted is the first's.
func Shares(fee asset.Units, payments int) ([]asset.Units, error) {
	each, err := fee.MulDiv(big.NewInt(1), big.NewInt(int64(payments)), asset.Down)
	if err != nil {
		return nil, fmt.Errorf("part a fee of %s among %d payments: %w", fee, payments, err)
	}
	shares := make([]asset.Units, payments)
	rest := fee
	for i := range shares {
		shares[i] = each
		if rest, err = rest.Sub(each); err != nil {
			return nil, fmt.Errorf("part a fee of %s among %d payments: %w", fee, payments, err)
		}
	}
	if shares[0], err = shares[0].Add(rest); err != nil {
		return nil, fmt.Errorf("part a fee of %s among %d payments: %w", fee, payments, err)
	}
	return shares, nil
}
