//go:build broken_second_plan

package payment

import (
	"context"

	"ferry/hotwallet/chain"
)

// planned is the mistake that the crash sweep must find: what was planned before, and may
// be signed already, is planned once more, from other funds.
func (e *Engine) planned(ctx context.Context, b Batch) chain.Plan {
	basis, err := e.config.Store.ReplacementBasis(ctx, b)
	if err == nil && b.Last().N == 1 {
		basis.Funds.Must = nil
		if plan, err := e.config.Payer.Plan(ctx, basis.Funds, request(b.Payments[0], e.config.FeeMax)); err == nil {
			return plan
		}
	}
	return b.Last().Plan
}
