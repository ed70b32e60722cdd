package payment

import (
	"context"
	"errors"
	"fmt"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// planFor plans a transaction for the members, or for the older half of them where there
// are no funds for all, or one of them allows less of a fee: down to one, which is planned
// by itself and says what it waits for. It is chain.ErrFunds where there are none for two.
func (e *Engine) planFor(ctx context.Context, members []member) (plan chain.Plan, fit []member, err error) {
	for len(members) > 1 {
		if plan, err = e.planTogether(ctx, members); err == nil {
			return plan, members, nil
		}
		if ctx.Err() != nil || errors.Is(err, errHalted) || errors.Is(err, ErrChanged) {
			return plan, nil, err
		}
		e.config.Log.Debug("no plan for so many payments", "chain", e.config.Chain, "payments", len(members), "error", err)
		members = members[:len(members)/2]
	}
	if errors.Is(err, chain.ErrFunds) {
		return plan, members, chain.ErrFunds
	}
	return plan, members, nil
}

// planTogether asks for one transaction that pays all. Its fee is shared equally, so that
// it is at most as many times what the least tolerant of them allows.
func (e *Engine) planTogether(ctx context.Context, members []member) (plan chain.Plan, err error) {
	if err := e.running(ctx); err != nil {
		return plan, err
	}
	payments, request := make([]Payment, len(members)), chain.Request{FeeMax: members[0].limit.most}
	for i, m := range members {
		o := m.payment.Order
		payments[i] = m.payment
		request.Outputs = append(request.Outputs, chain.Output{Destination: o.Destination, Asset: o.Amount.Asset, Units: o.Amount.Units})
		if m.limit.most.Less(request.FeeMax) {
			request.FeeMax = m.limit.most
		}
	}
	if request.FeeMax, err = request.FeeMax.MulDiv(asset.NewUnits(uint64(len(members))).Big(), asset.Pow10(0), asset.Down); err != nil {
		return plan, fmt.Errorf("largest fee of a batch: %w", err)
	}
	if e.config.FeeMax.Less(request.FeeMax) {
		request.FeeMax = e.config.FeeMax
	}
	basis, err := e.config.Store.Basis(ctx, payments)
	if err != nil {
		return plan, err
	}
	if !basis.DepositsConfirmed {
		return plan, fmt.Errorf("a deposit was taken back: %w", ErrChanged)
	}
	if plan, err = e.planFrom(ctx, basis, request); err == nil && request.FeeMax.Less(plan.Fee) {
		err = chain.ErrFeeMax
	}
	return plan, err
}
