//go:build !broken_second_plan

package payment

import (
	"context"

	"ferry/hotwallet/chain"
)

// planned is the plan to sign: the stored one, in every build but one that the crash sweep
// must see fail.
func (e *Engine) planned(_ context.Context, b Batch) chain.Plan { return b.Last().Plan }
