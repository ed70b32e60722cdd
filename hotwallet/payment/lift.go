package payment

import (
	"context"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// ReasonLifted is that a batch waits for a block together with a transaction that spends its
// change and pays for both; the last of these follows.
const ReasonLifted = "no block has taken it; its change pays for it too:"

// ReasonNoChange is that a batch which no block takes has no change to raise it by.
const ReasonNoChange = "no block takes it, nodes take nothing in its place, and nothing of its change can be spent to raise it"

// liftSize is about what a transaction of one input and one output of ours is, in bytes.
const liftSize = 192

// Lifter is what a Store implements besides on a chain whose nodes take no replacement: there a
// batch that waits is raised by a child, a payment of the house's own that spends its change and
// pays for both (CPFP).
type Lifter interface {
	// Liftable is the change at the end of what builds on a batch, with its Parent, and the
	// attempt that makes it; false where something spends it, none is there, or our node has
	// not said that it has it.
	Liftable(ctx context.Context, b Batch) (coin chain.Coin, made Attempt, ok bool, err error)
	// StoreLift stores the payment that spends the coin for a batch, of an id that follows from
	// the coin, unless it is there already or the chain is halted.
	StoreLift(ctx context.Context, b Batch, coin chain.Coin, l House) (orderID string, err error)
	// StoreNeedless forgets such a payment that has no batch. ErrChanged if it has one.
	StoreNeedless(ctx context.Context, p Payment) error
}

// lifts reports whether a batch is raised by a child, since nothing can take its place.
func (e *Engine) lifts(b Batch) bool {
	return e.config.Lifter != nil && e.config.Bid != nil && e.config.Chain.Family() == asset.UTXO && !e.config.Payer.Replaceable() &&
		!b.Purpose.House() && b.Newest().Plan.Size > 0
}

// lift has a batch that waits for a block be raised by a child, if it should offer more by now:
// under the rules of any other attempt, for what the batch may cost at most with all before it.
// The child is planned and signed like any payment; one that is in no block yet has one of its own.
func (e *Engine) lift(ctx context.Context, b Batch) error {
	basis, err := e.config.Store.ReplacementBasis(ctx, b)
	if err != nil {
		return err
	}
	coin, tip, ok, err := e.config.Lifter.Liftable(ctx, b)
	if err != nil {
		return err
	}
	if !ok {
		e.unliftable(b, tip, basis)
		return nil
	}
	if delete(e.unlifted, b.ID); tip.TxID != b.Newest().TxID {
		e.unlifted[b.ID] = ReasonLifted + " " + tip.TxID
	}
	if basis.Height <= tip.Height || e.config.Now().Sub(tip.PlannedAt) < e.config.BidEvery {
		return nil
	}
	most, err := e.most(b)
	if err != nil {
		return err
	}
	rate, due, err := e.bidAbove(b, most, tip.Plan.Rate, coin.Parent.VSize+liftSize, riseMost*b.Attempts[0].Plan.Rate)
	if err != nil || !due {
		return err
	}
	left, err := most.Sub(coin.Parent.Fee)
	if err != nil || left.IsZero() {
		e.spent[b.ID] = true
		return nil //nolint:nilerr // what was paid is more than what it may cost
	}
	if err := e.running(ctx); err != nil {
		return err
	}
	id, err := e.config.Lifter.StoreLift(ctx, b, coin, House{FeeMax: left, Lifts: coin.ID(), Rate: rate})
	if err != nil {
		return err
	}
	if id != "" {
		e.config.Log.Info("payment is raised by a child", "chain", e.config.Chain, "batch", b.ID, "order", id, "rate", rate)
	}
	return nil
}

// unliftable notes why nothing more raises a batch that a block has passed over: there is no
// change, or as many children in a row as there may be were passed over as well.
func (e *Engine) unliftable(b Batch, tip Attempt, basis Basis) {
	switch {
	case !b.passedOver(basis.Height):
	case !basis.BuiltOn:
		e.unlifted[b.ID] = ReasonNoChange
	case tip.TxID != "" && tip.TxID != b.Newest().TxID && basis.Height > tip.Height:
		delete(e.unlifted, b.ID)
		e.spent[b.ID] = true
	}
}

// needless forgets a child that has no plan and whose coin is no change without a block any
// more: what it was to raise is mined, is dead, or is built on by a payment that raises it.
func (e *Engine) needless(ctx context.Context, p Payment, b Basis) (bool, error) {
	if p.House == nil || p.House.Lifts == "" || len(b.Funds.Must) > 0 || e.config.Lifter == nil {
		return false, nil
	}
	e.config.Log.Info("a child is needed no more", "chain", e.config.Chain, "order", p.Order.ID)
	return true, e.config.Lifter.StoreNeedless(ctx, p)
}
