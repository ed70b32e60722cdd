package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/crash"
)

// gathers reports whether payments are brought together in batches: on chains whose
// transactions pay several, where a window is set.
func (e *Engine) gathers() bool {
	return e.config.BatchWindow > 0 && e.config.Chain.Family() == asset.UTXO
}

// gather takes the payments that have no plan yet out of a round's list. Once the window
// since the first of them was seen is over, they are planned together, as many as go into
// one transaction. The window is only a pace: after a restart it begins anew.
func (e *Engine) gather(ctx context.Context, open []Open) (rest []Open, err error) {
	if !e.gathers() {
		return open, nil
	}
	var due []Open
	now := e.config.Now()
	for _, o := range open {
		if o.BatchID != "" || e.apart[o.OrderID] {
			rest = append(rest, o)
		} else if !now.Before(e.tries[o.OrderID].due) {
			due = append(due, o)
		}
	}
	if len(due) == 0 {
		e.gathering = time.Time{}
		return rest, nil
	}
	if e.gathering.IsZero() {
		e.gathering = now
	}
	if now.Sub(e.gathering) < e.config.BatchWindow {
		return rest, nil
	}
	alone, left, err := e.planBatch(ctx, due)
	if !left || err != nil {
		e.gathering = time.Time{}
	}
	return append(alone, rest...), err
}

// member is a payment that may be paid together with others.
type member struct {
	payment Payment
	limit   feeLimit
	why     Authority
}

// planBatch makes one batch of the oldest due payments that can be paid together, and takes
// it as far as it goes. It returns those that are planned alone now, and whether others are
// left for the next round.
func (e *Engine) planBatch(ctx context.Context, due []Open) (alone []Open, left bool, err error) {
	all, alone, left, err := e.admitted(ctx, due)
	if err != nil {
		return alone, false, err
	}
	plan, members, err := e.planFor(ctx, all)
	if errors.Is(err, chain.ErrFunds) {
		// Not even the oldest can be paid: each says for itself what it waits for.
		for _, m := range all {
			alone = append(alone, m.open())
		}
		return alone, false, nil
	}
	if err != nil {
		return alone, false, err
	}
	left = left || len(members) < len(all)
	if len(members) > 1 {
		// Only now: what there is nothing to pay with asks nobody for a look.
		asked := len(members)
		if members, err = e.attestedOf(ctx, members); err != nil {
			return alone, false, err
		}
		if len(members) < asked {
			plan, members, err = e.planFor(ctx, members)
			if err != nil && !errors.Is(err, chain.ErrFunds) {
				return alone, false, err
			}
		}
	}
	switch len(members) {
	case 0:
		return alone, left, nil
	case 1:
		return append(alone, members[0].open()), left, nil
	}
	return alone, left, e.pay(ctx, plan, members)
}

// open is the member as the list of open payments has it.
func (m member) open() Open { return Open{OrderID: m.payment.Order.ID, State: m.payment.State} }

// pay stores the plan of a batch, and has it signed and sent.
func (e *Engine) pay(ctx context.Context, plan chain.Plan, members []member) error {
	payments, why := make([]Payment, len(members)), make([]Authority, len(members))
	for i, m := range members {
		payments[i], why[i] = m.payment, m.why
	}
	crash.Point("payment.plan.before")
	b, err := e.config.Store.StorePlan(ctx, payments, plan)
	if err != nil {
		return err
	}
	crash.Point("payment.plan.after")
	e.config.Log.Info("payments planned together", "chain", e.config.Chain, "batch", b.ID, "payments", len(members), "fee", plan.Fee.String())
	for _, p := range payments {
		e.soon(p.Order.ID)
	}
	e.moved()
	return e.forward(ctx, b, why)
}

// admitted are the oldest payments, up to what one transaction pays, that nothing of their
// own holds up; the refund of a coin in another chain's form goes alone.
func (e *Engine) admitted(ctx context.Context, due []Open) (members []member, alone []Open, left bool, err error) {
	var total asset.Units
	for _, o := range due {
		if len(members) == chain.OutputsMost {
			return members, alone, true, nil
		}
		p, err := e.config.Store.Payment(ctx, o.OrderID)
		if err != nil {
			// One row that can't be read holds up nobody else: by itself it says so.
			alone = append(alone, o)
			continue
		}
		if p.State != swap.PaymentQueued || p.BatchID != "" {
			continue // it has moved since it was listed
		}
		limit, together, err := e.joins(ctx, p)
		if err != nil {
			return nil, alone, false, err
		}
		if limit == nil {
			continue
		}
		if !together {
			alone = append(alone, o)
			continue
		}
		sum, err := total.Add(p.Order.Amount.Units)
		if err != nil {
			return nil, alone, false, fmt.Errorf("sum of a batch: %w", err)
		}
		if most, limited := e.config.AmountMax[p.Order.Amount.Asset]; limited && most.Less(sum) {
			left = true
			continue
		}
		total = sum
		members = append(members, member{payment: p, limit: *limit})
	}
	return members, alone, left, nil
}

// joins tells the most that a payment may cost, nil where something holds it up, and whether
// it may be paid together with others.
func (e *Engine) joins(ctx context.Context, p Payment) (*feeLimit, bool, error) {
	limit, ok, err := e.admit(ctx, p)
	if err != nil || !ok {
		return nil, false, err
	}
	if p.Order.Purpose.House() {
		return &limit, false, nil
	}
	confirmed, err := e.config.Store.DepositsConfirmed(ctx, p.Order)
	if err != nil {
		return nil, false, err
	}
	if !confirmed {
		return nil, false, e.unconfirmed(ctx, p)
	}
	delete(e.goneSince, p.Order.ID)
	foreign, err := ofAnotherChain(p.Order)
	return &limit, !foreign, err
}

// ofAnotherChain: the order refunds what came on another chain than the swap's deposits do.
func ofAnotherChain(o swap.Order) (bool, error) {
	terms, err := swap.DecodeTerms(o.SignedQuote, o.SignedReceipt)
	if err != nil {
		return false, err
	}
	deposited, known := asset.Lookup(o.Deposits[0].Amount.Asset)
	return !known || deposited.Chain != terms.Quote.DepositChain(), nil
}

// attestedOf are the members whose deposits attestd vouches for now; each other one waits by
// itself, with its reason.
func (e *Engine) attestedOf(ctx context.Context, members []member) (vouched []member, err error) {
	for _, m := range members {
		why, ok, err := e.attest(ctx, m.payment, []Payment{m.payment})
		if err != nil && !errors.Is(err, ErrChanged) {
			return nil, err
		}
		if err == nil && ok {
			m.why = why[0]
			vouched = append(vouched, m)
		}
	}
	return vouched, nil
}

// setApart has the payments of a batch paid each by itself that the signer refused, once its plan is
// given up, for one of them may be what it refused, or of one that is dead.
func (e *Engine) setApart(b Batch) {
	if len(b.Payments) == 1 {
		return
	}
	for _, p := range b.Payments {
		e.apart[p.Order.ID] = true
	}
}
